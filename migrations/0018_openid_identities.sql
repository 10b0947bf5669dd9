-- People sign in through an OpenID Connect provider.

create table openid_identities (
    issuer text not null,
    subject text not null,
    label text not null default '',
    account_id uuid not null references accounts on delete cascade,
    created_at timestamptz not null,
    primary key (issuer, subject)
);
comment on table openid_identities is 'A user of an OpenID Connect provider, and the account that user acts as.';
comment on column openid_identities.label is 'What the provider calls the user: the mail address, else a name; for people, never to recognise somebody by.';
create index openid_identities_account on openid_identities (account_id);
