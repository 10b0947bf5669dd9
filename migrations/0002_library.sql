-- Committed prompts.

create table prompts (
    id integer primary key generated always as identity,
    name text not null unique check (name ~ '^[a-z0-9_]{3,50}$'),
    title text not null,
    description text not null default '',
    owner_id uuid references accounts on delete set null,
    team_id integer not null default 1 references teams,
    visibility text not null default 'team' check (visibility in ('private', 'team', 'public')),
    parent_id integer references prompts on delete set null,
    parent_version integer,
    family_id integer not null,
    version integer not null,
    shipped boolean not null default false,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
comment on table prompts is 'A committed prompt: the library. family_id is the prompt that its chain of clones started from, itself for a root.';
create index prompts_family on prompts (family_id);
create index prompts_owner on prompts (owner_id);

create table prompt_versions (
    prompt_id integer not null references prompts on delete cascade,
    number integer not null check (number >= 1),
    text text not null,
    note text not null default '',
    draft_id integer,
    draft_revision integer,
    author_id uuid references accounts on delete set null,
    created_at timestamptz not null,
    primary key (prompt_id, number)
);
comment on table prompt_versions is 'Every committed text of a prompt, numbered from 1, and the draft revision it came from.';

create table prompt_labels (
    prompt_id integer not null references prompts on delete cascade,
    label text not null check (label ~ '^[a-z0-9_-]{1,40}$'),
    version integer not null,
    primary key (prompt_id, label),
    foreign key (prompt_id, version) references prompt_versions (prompt_id, number)
);
comment on table prompt_labels is 'A name such as production that points to one version of a prompt.';
