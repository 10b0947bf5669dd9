-- Committed prompts that are pushed to a running Auspex. The rows here are the truth; a job only says "please push this one".

create table pushes (
    id uuid primary key,
    sequence bigint not null unique generated always as identity,
    prompt_id integer not null references prompts on delete cascade,
    version integer not null,
    account_id uuid not null references accounts on delete cascade,
    url text not null,
    remote_name text not null,
    status text not null default 'queued' check (status in ('queued', 'running', 'succeeded', 'failed')),
    client_key text,
    token uuid,
    attempts integer not null default 0,
    failure text,
    place jsonb,
    created_at timestamptz not null,
    finished_at timestamptz,
    foreign key (prompt_id, version) references prompt_versions (prompt_id, number) on delete cascade,
    unique (account_id, client_key)
);
comment on table pushes is 'One version of a prompt on its way to the Auspex at url. Those of one prompt go one after the other, by sequence; token fences a run: only its holder may end it; place is told the result.';
create index pushes_prompt on pushes (prompt_id, sequence);
create index pushes_account on pushes (account_id);
create index pushes_unfinished on pushes (prompt_id, sequence) where status in ('queued', 'running');

create table remote_prompts (
    url text not null,
    name text not null,
    intended jsonb not null,
    created boolean not null default false,
    remote_id text not null default '',
    version integer,
    hash text not null default '',
    changed_at timestamptz not null,
    primary key (url, name)
);
comment on table remote_prompts is 'Prompts of an Auspex that were created from here, the only ones that a push may change. intended is noted before the creation, so that after a crash the prompt there is known for ours by what it says.';
