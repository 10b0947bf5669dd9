-- Suites of questions, and batches: a suite run on several texts and models at once.

create table suites (
    id integer primary key generated always as identity,
    name text not null unique check (name ~ '^[a-z0-9_]{3,50}$'),
    title text not null default '' check (char_length(title) <= 100),
    description text not null default '' check (char_length(description) <= 500),
    owner_id uuid references accounts on delete set null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
comment on table suites is 'Saved questions that drafts and prompts are tested on together. Everybody sees them; their owner changes them.';
create index suites_owner on suites (owner_id);

create table suite_questions (
    suite_id integer not null references suites on delete cascade,
    position integer not null check (position between 1 and 100),
    question text not null check (char_length(question) between 10 and 1000),
    topic text not null,
    article_limit integer not null check (article_limit between 5 and 200),
    primary key (suite_id, position)
);
comment on table suite_questions is 'The questions of a suite, in order from 1.';

create table batches (
    id uuid primary key,
    draft_id integer not null references drafts on delete cascade,
    account_id uuid not null references accounts on delete cascade,
    suite text not null,
    columns text[] not null,
    tests integer not null check (tests >= 1),
    status text not null default 'queued' check (status in ('queued', 'running', 'finished', 'cancelled')),
    admitted_at timestamptz,
    token uuid,
    starts integer not null default 0,
    done_before integer not null default 0,
    created_at timestamptz not null,
    started_at timestamptz,
    finished_at timestamptz
);
comment on table batches is 'A suite run at once on several texts and models: its tests are rows of trials. token fences a run: only its holder stores results. starts counts starts without a result in between.';
create index batches_draft on batches (draft_id, id desc);
create index batches_unfinished on batches (account_id, created_at) where status in ('queued', 'running');

alter table trials
    alter column revision drop not null,
    add column prompt_id integer,
    add column prompt_version integer,
    add column batch_id uuid references batches on delete cascade,
    add column batch_row integer,
    add column batch_column integer,
    add constraint trials_version foreign key (prompt_id, prompt_version)
        references prompt_versions (prompt_id, number) on delete set null,
    add constraint trials_text check (revision is null or prompt_version is null),
    add constraint trials_batch check (num_nonnulls(batch_id, batch_row, batch_column) in (0, 3));
comment on column trials.revision is 'The tested revision of the draft; null where a version of a prompt was tested: the one in prompt_id and prompt_version, unless that is gone.';
comment on column trials.batch_row is 'Which question of its batch, from 0; batch_column: which text and model.';
create index trials_batch on trials (batch_id, batch_row, batch_column) where batch_id is not null;
create index trials_version on trials (prompt_id, prompt_version) where prompt_id is not null;

-- Tests of a batch wait for its job, not for admission.
drop index trials_waiting;
create index trials_waiting on trials (created_at) where status = 'queued' and admitted_at is null and batch_id is null;
drop index trials_active;
create index trials_active on trials (account_id) where status in ('queued', 'running') and batch_id is null;

alter table once add column batch_id uuid references batches on delete cascade;
alter table once drop constraint once_check;
alter table once add constraint once_check check (num_nonnulls(draft_id, trial_id, batch_id) = 1);
create index once_batch on once (batch_id) where batch_id is not null;

-- The kinds that there are, and two more, whichever there are by now.
do $$
declare
    known text;
begin
    select pg_get_constraintdef(oid) into strict known
    from pg_constraint
    where conrelid = 'deliveries'::regclass and conname = 'deliveries_kind_check';
    alter table deliveries drop constraint deliveries_kind_check;
    execute 'alter table deliveries add constraint deliveries_kind_check '
        || replace(known, 'ARRAY[', 'ARRAY[''batch''::text, ''batch_finished''::text, ');
end
$$;
