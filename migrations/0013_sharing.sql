-- Sharing: with teams, by link, with everyone; comments; and one rule for who may do what.

alter table drafts
    add column visibility text not null default 'private' check (visibility in ('private', 'team', 'public')),
    add column team_id integer not null default 1 references teams;
create index drafts_seen on drafts (visibility, team_id) where visibility <> 'private';
create index prompts_seen on prompts (visibility, team_id) where visibility <> 'private';

alter table teams
    add column created_at timestamptz not null default now(),
    add constraint teams_name_check check (name ~ '^[a-z0-9][a-z0-9_-]{1,39}$');

alter table grants
    alter column account_id drop not null,
    add column team_id integer references teams on delete cascade,
    drop constraint grants_access_check,
    add constraint grants_access_check
        check (access in ('viewer', 'commenter', 'editor', 'owner') or account_id is not null and access in ('removed', 'left')),
    add constraint grants_holder_check check (num_nonnulls(account_id, team_id) = 1),
    add constraint grants_team_draft unique (team_id, draft_id),
    add constraint grants_team_prompt unique (team_id, prompt_id);
comment on table grants is 'What an account or a team that is not the owner may do with a draft or a prompt. removed and left give nothing and stay, so that being in a channel does not let somebody in again.';

create table invites (
    id uuid primary key,
    hash bytea not null unique,
    draft_id integer references drafts on delete cascade,
    prompt_id integer references prompts on delete cascade,
    access text not null check (access in ('viewer', 'commenter', 'editor')),
    created_by uuid references accounts on delete set null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    revoked_at timestamptz,
    uses integer not null default 0,
    check (num_nonnulls(draft_id, prompt_id) = 1)
);
comment on table invites is 'Links that let whoever has one in, until they expire or are revoked. Only the SHA-256 of the code is kept.';
create index invites_draft on invites (draft_id);
create index invites_prompt on invites (prompt_id);

create table comments (
    id uuid primary key,
    draft_id integer references drafts on delete cascade,
    prompt_id integer references prompts on delete cascade,
    author_id uuid references accounts on delete set null,
    text text not null check (char_length(text) between 1 and 2000),
    reply_to uuid references comments on delete set null,
    trial_id uuid references trials on delete set null,
    client_key text,
    created_at timestamptz not null,
    check (num_nonnulls(draft_id, prompt_id) = 1),
    unique (author_id, client_key)
);
comment on table comments is 'What people say to each other about a draft or a prompt. client_key makes a redelivered comment one comment.';
create index comments_draft on comments (draft_id, id);
create index comments_prompt on comments (prompt_id, id);

create index activity_draft on activity (draft_id, id) where draft_id is not null;
create index activity_prompt on activity (prompt_id, id) where prompt_id is not null;
create index activity_account on activity (account_id, id);

-- Each access includes those of a lower rank; what gives nothing ranks 0.
create function access_rank(access text) returns integer language sql immutable parallel safe as $$
    select case access when 'viewer' then 1 when 'commenter' then 2 when 'editor' then 3 when 'owner' then 4 else 0 end
$$;

-- The one rule for prompts: the highest of owner, own grant, grant of a team one belongs to, and visibility.
-- A single select, so that the planner makes it part of the query that uses it and pushes conditions into it.
create function visible_prompts(who uuid) returns table (prompt_id integer, access text) language sql stable as $$
    select found.id, (array['viewer', 'commenter', 'editor', 'owner'])[max(found.rank)]
    from (
        select p.id, 4 as rank from prompts p where p.owner_id = who and p.deleted_at is null
        union all
        select g.prompt_id, access_rank(g.access) from grants g where g.account_id = who and g.prompt_id is not null
        union all
        select g.prompt_id, access_rank(g.access)
        from memberships m
        join grants g on g.team_id = m.team_id
        where m.account_id = who and g.prompt_id is not null
        union all
        select p.id, 1 from prompts p where p.visibility = 'public' and p.deleted_at is null
        union all
        select p.id, 1
        from memberships m
        join prompts p on p.team_id = m.team_id
        where m.account_id = who and p.visibility = 'team' and p.deleted_at is null
    ) found
    where found.rank > 0
    group by found.id
$$;

-- The same rule for drafts; named tells whether more than visibility lets one in.
create function visible_drafts(who uuid) returns table (draft_id integer, access text, named boolean) language sql stable as $$
    select found.id, (array['viewer', 'commenter', 'editor', 'owner'])[max(found.rank)], bool_or(found.named)
    from (
        select d.id, 4 as rank, true as named from drafts d where d.owner_id = who
        union all
        select g.draft_id, access_rank(g.access), true from grants g where g.account_id = who and g.draft_id is not null
        union all
        select g.draft_id, access_rank(g.access), true
        from memberships m
        join grants g on g.team_id = m.team_id
        where m.account_id = who and g.draft_id is not null
        union all
        select d.id, 1, false from drafts d where d.visibility = 'public'
        union all
        select d.id, 1, false
        from memberships m
        join drafts d on d.team_id = m.team_id
        where m.account_id = who and d.visibility = 'team'
    ) found
    where found.rank > 0
    group by found.id
$$;
