-- Discord: who may be answered alone, which copy of the service holds a connection, which commands are registered.

alter table arrivals
    add column answer_token text,
    add column answer_edits boolean not null default false;
comment on column arrivals.answer_token is 'Discord: the interaction''s token, for answers that only one person sees; worthless and removed after a quarter of an hour.';
comment on column arrivals.answer_edits is 'Whether the first answer to it is a message of ours, which can be edited.';
create index arrivals_answerable on arrivals (received_at) where answer_token is not null;

create table leases (
    name text primary key,
    holder uuid not null,
    lasts_until timestamptz not null
);
comment on table leases is 'What one copy of the service holds at a time, until it lets go or does not renew it: a shard of Discord''s gateway.';

create table command_registrations (
    scope text primary key,
    fingerprint text not null,
    registered_at timestamptz not null
);
comment on table command_registrations is 'Which slash commands Discord knows, by application and server, as a hash of their table.';

create index places_thread on places (platform, thread);
