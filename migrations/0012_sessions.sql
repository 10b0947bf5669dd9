-- Sessions: conversations with a committed prompt. Each question and its answer is a row of answers.

create table sessions (
    chat_id integer primary key references chats on delete cascade,
    title text not null default '' check (char_length(title) <= 100),
    topic text not null,
    prompt_id integer not null references prompts on delete cascade,
    version integer,
    label text,
    place_key text not null default '',
    created_at timestamptz not null,
    active_at timestamptz not null,
    check (version is null or label is null)
);
comment on table sessions is 'A conversation with a prompt: with one version, with whatever a label points to, or with the newest. place_key: where on a chat platform it goes on.';
create index sessions_prompt on sessions (prompt_id);
create index sessions_place on sessions (place_key, active_at) where place_key <> '';
create index chats_owner on chats (owner_id, id desc);

alter table answers
    add column chat_id integer references sessions on delete cascade,
    add column open_to_readers boolean not null default false;
comment on column answers.chat_id is 'The session it belongs to.';
comment on column answers.open_to_readers is 'Asked where others read along: whoever may see the prompt may rate it and improve the prompt by it.';
create index answers_chat on answers (chat_id, created_at);

create table answer_ratings (
    answer_id uuid not null references answers on delete cascade,
    account_id uuid not null references accounts on delete cascade,
    stars smallint check (stars between 1 and 5),
    note text not null default '' check (char_length(note) <= 500),
    updated_at timestamptz not null,
    primary key (answer_id, account_id)
);
comment on table answer_ratings is 'Stars and a note that one person gave one answer of a session; the last one counts.';
