-- Who does something here, and how they prove it.

create table accounts (
    id uuid primary key,
    name text not null unique check (name = lower(name) and char_length(name) between 1 and 64),
    is_admin boolean not null default false,
    created_at timestamptz not null
);
comment on table accounts is 'A person or a service. One account can have several identities, one per chat platform.';

create table identities (
    platform text not null check (platform in ('terminal', 'slack', 'discord', 'web')),
    workspace text not null,
    external_user text not null,
    account_id uuid not null references accounts on delete cascade,
    created_at timestamptz not null,
    primary key (platform, workspace, external_user)
);
comment on table identities is 'A user of a chat platform, and the account that user acts as.';
create index identities_account on identities (account_id);

create table teams (
    id integer primary key generated always as identity,
    name text not null unique
);
comment on table teams is 'A group of accounts that prompts can be visible to. Team 1 holds everyone of this service.';
insert into teams (name) values ('everyone');

create table memberships (
    team_id integer not null references teams on delete cascade,
    account_id uuid not null references accounts on delete cascade,
    primary key (team_id, account_id)
);
comment on table memberships is 'Which account belongs to which team.';
create index memberships_account on memberships (account_id);

create table api_tokens (
    id uuid primary key,
    account_id uuid not null references accounts on delete cascade,
    hash bytea not null unique,
    created_at timestamptz not null,
    revoked_at timestamptz
);
comment on table api_tokens is 'Bearer tokens of the HTTP API. Only the SHA-256 of a token is kept.';
create index api_tokens_account on api_tokens (account_id);

create table login_links (
    hash bytea primary key,
    account_id uuid not null references accounts on delete cascade,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz
);
comment on table login_links is 'One-time sign-in links. Only the SHA-256 of the code is kept.';
