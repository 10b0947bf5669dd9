-- Questions put to committed prompts, and their answers. The rows here are the truth; a job only says "please answer this one".

create table answers (
    id uuid primary key,
    account_id uuid not null references accounts on delete cascade,
    prompt_id integer not null references prompts on delete cascade,
    version integer not null,
    question text not null check (char_length(question) between 10 and 1000),
    topic text not null,
    model text not null,
    article_limit integer not null check (article_limit between 5 and 200),
    window_from timestamptz,
    window_to timestamptz,
    retrieval_id uuid references retrievals,
    status text not null default 'queued' check (status in ('queued', 'running', 'succeeded', 'failed')),
    client_key text,
    token uuid,
    attempts integer not null default 0,
    failure text,
    engine text not null default '',
    response text,
    article_count integer not null default 0,
    citation_check jsonb,
    tokens_in integer,
    tokens_out integer,
    cost_micros bigint,
    first_token_ms integer,
    execution_ms integer,
    created_at timestamptz not null,
    finished_at timestamptz,
    foreign key (prompt_id, version) references prompt_versions (prompt_id, number) on delete cascade,
    unique (account_id, client_key)
);
comment on table answers is 'One question to one version of a committed prompt. client_key makes a redelivered question one question; token fences a run: only its holder may finish it.';
create index answers_account on answers (account_id, created_at);
create index answers_prompt on answers (prompt_id, version);
create index answers_retrieval on answers (retrieval_id);
create index answers_unfinished on answers (created_at) where status in ('queued', 'running');
