-- People sign in with a browser, and tell their API tokens apart.

create table browser_sessions (
    hash bytea primary key,
    account_id uuid not null references accounts on delete cascade,
    created_at timestamptz not null,
    used_at timestamptz not null,
    expires_at timestamptz not null
);
comment on table browser_sessions is 'Browsers that are signed in. Only the SHA-256 of the cookie is kept.';
create index browser_sessions_account on browser_sessions (account_id);
create index browser_sessions_expiry on browser_sessions (expires_at);

alter table api_tokens
    add column name text not null default '',
    add column used_at timestamptz;
comment on column api_tokens.name is 'What its owner calls it; empty where nobody named it.';
comment on column api_tokens.used_at is 'When it was used last, give or take an hour.';
