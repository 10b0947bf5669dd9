-- Workshops: a conversation and its draft.

create table chats (
    id integer primary key generated always as identity,
    owner_id uuid not null references accounts on delete cascade,
    created_at timestamptz not null
);
comment on table chats is 'A conversation. Where it lives outside this database is in places.';

create table places (
    id uuid primary key,
    chat_id integer not null references chats on delete cascade,
    platform text not null check (platform in ('terminal', 'slack', 'discord', 'web')),
    workspace text not null,
    channel text not null,
    thread text not null,
    created_at timestamptz not null,
    unique (platform, workspace, channel, thread)
);
comment on table places is 'Where a chat lives: a thread of a chat platform. Deliveries for the chat go to each.';
create index places_chat on places (chat_id);

create table drafts (
    id integer primary key generated always as identity,
    owner_id uuid not null references accounts on delete cascade,
    chat_id integer not null unique references chats on delete cascade,
    name text not null check (char_length(name) between 3 and 100),
    description text not null default '' check (char_length(description) <= 500),
    status text not null default 'draft' check (status in ('draft', 'testing', 'ready', 'committed', 'expired')),
    status_before_expiry text check (status_before_expiry in ('draft', 'testing', 'ready')),
    revision integer not null default 0,
    pinned boolean not null default false,
    parent_prompt_id integer references prompts on delete set null,
    parent_version integer,
    prompt_id integer references prompts on delete set null,
    prompt_version integer,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    active_at timestamptz not null,
    expired_at timestamptz,
    purged_at timestamptz
);
comment on table drafts is 'The prompt being designed. revision 0 means that it has no text yet. A purged draft has lost its text and conversation.';
create index drafts_owner on drafts (owner_id, id desc);
create index drafts_active on drafts (active_at) where status in ('draft', 'testing', 'ready') and not pinned;
create index drafts_expired on drafts (expired_at) where status = 'expired' and purged_at is null;
create index drafts_parent on drafts (parent_prompt_id);
create index drafts_prompt on drafts (prompt_id);

create table draft_revisions (
    draft_id integer not null references drafts on delete cascade,
    number integer not null check (number >= 1),
    text text not null check (char_length(text) <= 32000),
    source text not null check (source in ('chat', 'edit', 'accept', 'restore', 'clone')),
    author_id uuid references accounts on delete set null,
    created_at timestamptz not null,
    primary key (draft_id, number)
);
comment on table draft_revisions is 'Every saved text of a draft, numbered from 1, and where it came from.';

create table messages (
    id uuid primary key,
    chat_id integer not null references chats on delete cascade,
    role text not null check (role in ('person', 'assistant')),
    author_id uuid references accounts on delete set null,
    content text not null,
    client_key text,
    reply_to uuid unique references messages on delete cascade,
    outcome text not null default 'said' check (outcome in ('said', 'failed')),
    questions jsonb not null default '[]',
    engine text not null default '',
    revision integer,
    proposal integer,
    created_at timestamptz not null,
    unique (chat_id, client_key)
);
comment on table messages is 'What was said in a chat. client_key makes a redelivered message one message; reply_to makes an answer one answer.';
create index messages_chat on messages (chat_id, id);

create table proposals (
    draft_id integer not null references drafts on delete cascade,
    number integer not null check (number >= 1),
    message_id uuid references messages on delete set null deferrable initially deferred,
    base_revision integer not null,
    text text not null check (char_length(text) <= 32000),
    reasons jsonb not null default '[]',
    status text not null default 'open' check (status in ('open', 'accepted', 'partly_accepted', 'rejected', 'superseded')),
    decided_by uuid references accounts on delete set null,
    decided_at timestamptz,
    revision integer,
    created_at timestamptz not null,
    primary key (draft_id, number)
);
comment on table proposals is 'A change by the AI that waits for a person. Its single changes follow from base_revision and text.';

create table grants (
    account_id uuid not null references accounts on delete cascade,
    draft_id integer references drafts on delete cascade,
    prompt_id integer references prompts on delete cascade,
    access text not null check (access in ('viewer', 'commenter', 'editor', 'owner')),
    created_at timestamptz not null,
    check (num_nonnulls(draft_id, prompt_id) = 1),
    unique (account_id, draft_id),
    unique (account_id, prompt_id)
);
comment on table grants is 'What an account that is not the owner may do with a draft or a prompt.';
create index grants_draft on grants (draft_id);
create index grants_prompt on grants (prompt_id);
