-- Tests of drafts. The rows here are the truth; a job only says "please run this one".

create table trials (
    id uuid primary key,
    draft_id integer not null references drafts on delete cascade,
    revision integer not null,
    account_id uuid not null references accounts on delete cascade,
    question text not null check (char_length(question) between 10 and 1000),
    topic text not null,
    model text not null,
    article_limit integer not null check (article_limit between 5 and 200),
    window_from timestamptz,
    window_to timestamptz,
    retrieval_id uuid references retrievals,
    status text not null default 'queued' check (status in ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
    stage text not null default 'queued' check (stage in ('queued', 'searching', 'writing', 'done')),
    admitted_at timestamptz,
    job_run integer not null default 0,
    token uuid,
    attempts integer not null default 0,
    cancel_requested boolean not null default false,
    failure text check (failure in ('refused', 'rate_limited', 'unavailable', 'timeout', 'interrupted', 'internal')),
    failure_detail text,
    engine text not null default '',
    response text,
    tools_used text[] not null default '{}',
    article_count integer not null default 0,
    citation_check jsonb,
    tokens_in integer,
    tokens_out integer,
    cost_micros bigint,
    first_token_ms integer,
    execution_ms integer,
    created_at timestamptz not null,
    started_at timestamptz,
    finished_at timestamptz,
    foreign key (draft_id, revision) references draft_revisions (draft_id, number)
);
comment on table trials is 'One run of one revision on one question. token fences a run: only its holder may finish it. job_run numbers the jobs pushed for it.';
create index trials_draft on trials (draft_id, id desc);
create index trials_account on trials (account_id, created_at);
create index trials_waiting on trials (created_at) where status = 'queued' and admitted_at is null;
create index trials_active on trials (account_id) where status in ('queued', 'running');
create index trials_retrieval on trials (retrieval_id);

create table ratings (
    trial_id uuid not null references trials on delete cascade,
    account_id uuid not null references accounts on delete cascade,
    stars smallint check (stars between 1 and 5),
    note text not null default '' check (char_length(note) <= 500),
    updated_at timestamptz not null,
    primary key (trial_id, account_id)
);
comment on table ratings is 'Stars and a note that one person gave one test; the last one counts.';

create table deliveries (
    id uuid primary key,
    chat_id integer references chats on delete cascade,
    account_id uuid references accounts on delete cascade,
    place_id uuid references places on delete cascade,
    kind text not null check (kind in ('expiry_reminder', 'expired', 'trial_finished')),
    unique_key text not null unique,
    body jsonb not null,
    status text not null default 'pending' check (status in ('pending', 'delivered')),
    posted_as text,
    created_at timestamptz not null,
    delivered_at timestamptz
);
comment on table deliveries is 'Something a person is to be told where the workshop lives. unique_key makes it once, posted_as lets a retry edit.';
create index deliveries_pending on deliveries (account_id) where status = 'pending';
create index deliveries_chat on deliveries (chat_id);

create table activity (
    id bigint primary key generated always as identity,
    at timestamptz not null,
    account_id uuid references accounts on delete set null,
    kind text not null,
    draft_id integer,
    prompt_id integer,
    detail jsonb not null default '{}'
);
comment on table activity is 'What happened, append-only, for statistics and audit; never texts of prompts or conversations.';
create index activity_at on activity (at);
