-- Chat platforms: what they send, where workshops live on them, what is told there.

create table arrivals (
    id uuid primary key,
    platform text not null check (platform in ('slack', 'discord')),
    workspace text not null,
    dedupe_key text not null,
    body jsonb not null,
    received_at timestamptz not null,
    handled_at timestamptz,
    unique (platform, workspace, dedupe_key)
);
comment on table arrivals is 'What a chat platform sent, stored before the platform hears "ok". dedupe_key makes a redelivered event one event.';
create index arrivals_handled on arrivals (handled_at) where handled_at is not null;

create table once (
    key text primary key,
    draft_id integer references drafts on delete cascade,
    trial_id uuid references trials on delete cascade,
    created_at timestamptz not null,
    check (num_nonnulls(draft_id, trial_id) = 1)
);
comment on table once is 'What was made for a request under a key, so that the same request made again finds it.';
create index once_created on once (created_at);
create index once_draft on once (draft_id);
create index once_trial on once (trial_id);

alter table messages add column chosen jsonb not null default '{}';
comment on column messages.chosen is 'Answers that were chosen to the questions of this message, by the number of the question from 0.';
alter table messages add column answered boolean not null default false;
comment on column messages.answered is 'Whether its questions were answered, by choosing or in words.';

alter table places add column card text not null default '';
comment on column places.card is 'The platform''s id of the message that shows the draft''s name and status there.';

alter table identities add column label text not null default '';
comment on column identities.label is 'How the platform calls this user; empty until it has told.';
alter table identities add column home_opened_at timestamptz;
comment on column identities.home_opened_at is 'When the user last looked at the app''s home page on the platform.';

alter table deliveries drop constraint deliveries_kind_check;
alter table deliveries add constraint deliveries_kind_check check (kind in (
    'card', 'message', 'progress', 'trial_finished', 'answer', 'said', 'whisper', 'expiry_reminder', 'expired',
    'rating_reminder'
));
alter table deliveries drop constraint deliveries_status_check;
alter table deliveries add constraint deliveries_status_check check (status in ('pending', 'delivered', 'failed'));
alter table deliveries
    add column platform text check (platform in ('slack', 'discord')),
    add column workspace text not null default '',
    add column channel text not null default '',
    add column thread text not null default '',
    add column recipient text not null default '',
    add column claimed_until timestamptz,
    add column attempted_at timestamptz,
    add column failure text not null default '';
comment on column deliveries.platform is 'Where to post it; null for what the owner''s terminal shows. recipient: only this user sees it.';
comment on column deliveries.attempted_at is 'When posting was begun; without posted_as nobody knows whether it was posted.';
alter table deliveries drop column place_id;
drop index deliveries_pending;
create index deliveries_account on deliveries (account_id) where status = 'pending';
create index deliveries_pending on deliveries (created_at) where status = 'pending' and platform is not null;

create table installations (
    platform text not null check (platform in ('slack')),
    workspace text not null,
    enterprise text not null default '',
    app text not null default '',
    bot_user text not null,
    sealed_token bytea not null,
    scopes text not null default '',
    installed_by text not null default '',
    url text not null default '',
    installed_at timestamptz not null,
    primary key (platform, workspace)
);
comment on table installations is 'Workspaces that installed the app. sealed_token is the bot token, encrypted and bound to its workspace.';
