-- The library as something a team relies on: labels, tags, deprecation, deletion that keeps lineage, search.

alter table prompts
    add column tags text[] not null default '{}',
    add column deprecated_at timestamptz,
    add column successor_id integer references prompts on delete set null,
    add column uses bigint not null default 0,
    add column deleted_at timestamptz,
    add column words tsvector not null default '';
comment on column prompts.deprecated_at is 'Since when it should not be used any more; successor_id is what to use instead.';
comment on column prompts.uses is 'How often it was asked, in sessions and from chat.';
comment on column prompts.deleted_at is 'Its texts are gone and its name is free again; the row stays for the lineage of its clones.';
comment on column prompts.words is 'For the search: name, title and tags, description, the newest text. Every change of those renews it.';

alter table prompts drop constraint prompts_name_key;
create unique index prompts_name_key on prompts (name) where deleted_at is null;
create index prompts_words on prompts using gin (words);
create index prompts_parent on prompts (parent_id);

update prompts p
set words = setweight(to_tsvector('simple', replace(p.name, '_', ' ') || ' ' || p.title), 'A')
    || setweight(to_tsvector('simple', p.description), 'B')
    || setweight(to_tsvector('simple', v.text), 'C')
from prompt_versions v
where v.prompt_id = p.id and v.number = p.version;

update prompts p set uses = (select count(*) from answers a where a.prompt_id = p.id);

alter table prompt_labels add column set_at timestamptz not null default now();

alter table drafts add column publishes boolean not null default false;
comment on column drafts.publishes is 'Whether it is meant to become the next version of its parent, rather than a prompt of its own.';
