-- rrule.sql: recurrence rules, as values

create type clinic.rrule;

create function clinic.rrule_in(cstring) returns clinic.rrule
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'rrule_in';
comment on function clinic.rrule_in(cstring) is 'Text to clinic.rrule.';

create function clinic.rrule_out(clinic.rrule) returns cstring
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'rrule_out';
comment on function clinic.rrule_out(clinic.rrule) is 'clinic.rrule to text.';

create function clinic.rrule_recv(internal) returns clinic.rrule
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'rrule_recv';
comment on function clinic.rrule_recv(internal) is 'Binary form to clinic.rrule.';

create function clinic.rrule_send(clinic.rrule) returns bytea
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'rrule_send';
comment on function clinic.rrule_send(clinic.rrule) is 'clinic.rrule to binary form.';

create type clinic.rrule (
  input = clinic.rrule_in,
  output = clinic.rrule_out,
  receive = clinic.rrule_recv,
  send = clinic.rrule_send,
  internallength = variable,
  alignment = int4,
  storage = main
);
comment on type clinic.rrule is
  'A recurrence rule of RFC 5545, as "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH;UNTIL=20270630".';

create function clinic.rrule_eq(clinic.rrule, clinic.rrule) returns boolean
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'rrule_eq';
comment on function clinic.rrule_eq(clinic.rrule, clinic.rrule) is 'Behind operator =.';

create function clinic.rrule_ne(clinic.rrule, clinic.rrule) returns boolean
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'rrule_ne';
comment on function clinic.rrule_ne(clinic.rrule, clinic.rrule) is 'Behind operator <>.';

create function clinic.rrule_lt(clinic.rrule, clinic.rrule) returns boolean
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'rrule_lt';
comment on function clinic.rrule_lt(clinic.rrule, clinic.rrule) is 'Behind operator <.';

create function clinic.rrule_le(clinic.rrule, clinic.rrule) returns boolean
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'rrule_le';
comment on function clinic.rrule_le(clinic.rrule, clinic.rrule) is 'Behind operator <=.';

create function clinic.rrule_gt(clinic.rrule, clinic.rrule) returns boolean
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'rrule_gt';
comment on function clinic.rrule_gt(clinic.rrule, clinic.rrule) is 'Behind operator >.';

create function clinic.rrule_ge(clinic.rrule, clinic.rrule) returns boolean
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'rrule_ge';
comment on function clinic.rrule_ge(clinic.rrule, clinic.rrule) is 'Behind operator >=.';

create function clinic.rrule_cmp(clinic.rrule, clinic.rrule) returns integer
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'rrule_cmp';
comment on function clinic.rrule_cmp(clinic.rrule, clinic.rrule) is 'Order of btree indexes: negative, zero or positive.';

create function clinic.rrule_hash(clinic.rrule) returns integer
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'rrule_hash';
comment on function clinic.rrule_hash(clinic.rrule) is 'Hash of clinic.rrule.';

create function clinic.rrule_hash_extended(clinic.rrule, bigint) returns bigint
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'rrule_hash_extended';
comment on function clinic.rrule_hash_extended(clinic.rrule, bigint) is 'Hash of clinic.rrule, with a seed.';

create operator clinic.= (
  leftarg = clinic.rrule,
  rightarg = clinic.rrule,
  function = clinic.rrule_eq,
  commutator = operator(clinic.=),
  negator = operator(clinic.<>),
  restrict = pg_catalog.eqsel,
  join = pg_catalog.eqjoinsel,
  hashes,
  merges
);
comment on operator clinic.= (clinic.rrule, clinic.rrule) is 'The same rule.';

create operator clinic.<> (
  leftarg = clinic.rrule,
  rightarg = clinic.rrule,
  function = clinic.rrule_ne,
  commutator = operator(clinic.<>),
  negator = operator(clinic.=),
  restrict = pg_catalog.neqsel,
  join = pg_catalog.neqjoinsel
);
comment on operator clinic.<> (clinic.rrule, clinic.rrule) is 'Not the same rule.';

create operator clinic.< (
  leftarg = clinic.rrule,
  rightarg = clinic.rrule,
  function = clinic.rrule_lt,
  commutator = operator(clinic.>),
  negator = operator(clinic.>=),
  restrict = pg_catalog.scalarltsel,
  join = pg_catalog.scalarltjoinsel
);
comment on operator clinic.< (clinic.rrule, clinic.rrule) is 'Before, in the order of indexes.';

create operator clinic.<= (
  leftarg = clinic.rrule,
  rightarg = clinic.rrule,
  function = clinic.rrule_le,
  commutator = operator(clinic.>=),
  negator = operator(clinic.>),
  restrict = pg_catalog.scalarlesel,
  join = pg_catalog.scalarlejoinsel
);
comment on operator clinic.<= (clinic.rrule, clinic.rrule) is 'Before or equal, in the order of indexes.';

create operator clinic.> (
  leftarg = clinic.rrule,
  rightarg = clinic.rrule,
  function = clinic.rrule_gt,
  commutator = operator(clinic.<),
  negator = operator(clinic.<=),
  restrict = pg_catalog.scalargtsel,
  join = pg_catalog.scalargtjoinsel
);
comment on operator clinic.> (clinic.rrule, clinic.rrule) is 'After, in the order of indexes.';

create operator clinic.>= (
  leftarg = clinic.rrule,
  rightarg = clinic.rrule,
  function = clinic.rrule_ge,
  commutator = operator(clinic.<=),
  negator = operator(clinic.<),
  restrict = pg_catalog.scalargesel,
  join = pg_catalog.scalargejoinsel
);
comment on operator clinic.>= (clinic.rrule, clinic.rrule) is 'After or equal, in the order of indexes.';

create operator class clinic.rrule_ops default for type clinic.rrule using btree as
  operator 1 clinic.<,
  operator 2 clinic.<=,
  operator 3 clinic.=,
  operator 4 clinic.>=,
  operator 5 clinic.>,
  function 1 clinic.rrule_cmp(clinic.rrule, clinic.rrule);
comment on operator class clinic.rrule_ops using btree is 'Order of recurrence rules: by frequency, seconds first.';

create operator class clinic.rrule_ops default for type clinic.rrule using hash as
  operator 1 clinic.=,
  function 1 clinic.rrule_hash(clinic.rrule),
  function 2 clinic.rrule_hash_extended(clinic.rrule, bigint);
comment on operator class clinic.rrule_ops using hash is 'Hash of recurrence rules.';

create function clinic.rrule_freq(rule clinic.rrule) returns text
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'rrule_freq';
comment on function clinic.rrule_freq(clinic.rrule) is 'FREQ of a rule: SECONDLY, MINUTELY, HOURLY, DAILY, WEEKLY, MONTHLY or YEARLY.';

create function clinic.rrule_interval(rule clinic.rrule) returns integer
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'rrule_interval';
comment on function clinic.rrule_interval(clinic.rrule) is 'INTERVAL of a rule, 1 unless given.';

create function clinic.rrule_count(rule clinic.rrule) returns bigint
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'rrule_count';
comment on function clinic.rrule_count(clinic.rrule) is 'COUNT of a rule, or null.';

create function clinic.rrule_until(rule clinic.rrule) returns timestamp
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'rrule_until';
comment on function clinic.rrule_until(clinic.rrule) is 'UNTIL of a rule as it is written, a date as its midnight, or null.';

create function clinic.rrule_until_type(rule clinic.rrule) returns text
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'rrule_until_type';
comment on function clinic.rrule_until_type(clinic.rrule) is 'What UNTIL of a rule is: date, local, utc, or null.';

create function clinic.rrule_byday(rule clinic.rrule) returns text[]
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'rrule_byday';
comment on function clinic.rrule_byday(clinic.rrule) is 'BYDAY of a rule, as {MO,-1FR}, or null.';

create function clinic.rrule_bymonth(rule clinic.rrule) returns integer[]
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'rrule_bymonth';
comment on function clinic.rrule_bymonth(clinic.rrule) is 'BYMONTH of a rule, or null.';

create function clinic.rrule_byweekno(rule clinic.rrule) returns integer[]
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'rrule_byweekno';
comment on function clinic.rrule_byweekno(clinic.rrule) is 'BYWEEKNO of a rule, or null.';

create function clinic.rrule_byyearday(rule clinic.rrule) returns integer[]
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'rrule_byyearday';
comment on function clinic.rrule_byyearday(clinic.rrule) is 'BYYEARDAY of a rule, or null.';

create function clinic.rrule_bymonthday(rule clinic.rrule) returns integer[]
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'rrule_bymonthday';
comment on function clinic.rrule_bymonthday(clinic.rrule) is 'BYMONTHDAY of a rule, or null.';

create function clinic.rrule_byhour(rule clinic.rrule) returns integer[]
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'rrule_byhour';
comment on function clinic.rrule_byhour(clinic.rrule) is 'BYHOUR of a rule, or null.';

create function clinic.rrule_byminute(rule clinic.rrule) returns integer[]
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'rrule_byminute';
comment on function clinic.rrule_byminute(clinic.rrule) is 'BYMINUTE of a rule, or null.';

create function clinic.rrule_bysecond(rule clinic.rrule) returns integer[]
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'rrule_bysecond';
comment on function clinic.rrule_bysecond(clinic.rrule) is 'BYSECOND of a rule, or null.';

create function clinic.rrule_bysetpos(rule clinic.rrule) returns integer[]
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'rrule_bysetpos';
comment on function clinic.rrule_bysetpos(clinic.rrule) is 'BYSETPOS of a rule, or null.';

create function clinic.rrule_wkst(rule clinic.rrule) returns text
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'rrule_wkst';
comment on function clinic.rrule_wkst(clinic.rrule) is 'WKST of a rule, MO unless given.';

create function clinic.rrule_skip(rule clinic.rrule) returns text
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'rrule_skip';
comment on function clinic.rrule_skip(clinic.rrule) is 'SKIP of a rule (RFC 7529), OMIT unless given.';

create function clinic.rrule_to_jsonb(rule clinic.rrule) returns jsonb
  language c immutable strict parallel safe cost 10
  as 'MODULE_PATHNAME', 'rrule_to_jsonb';
comment on function clinic.rrule_to_jsonb(clinic.rrule) is 'The parts of a rule, as jCal (RFC 7265) has them; every list is an array.';

-- To text it goes by its output function, as every type does.
create cast (clinic.rrule as jsonb) with function clinic.rrule_to_jsonb(clinic.rrule);
comment on cast (clinic.rrule as jsonb) is 'The parts of a rule.';

create function clinic.rrule_describe(rule clinic.rrule) returns text
  language c immutable strict parallel safe cost 10
  as 'MODULE_PATHNAME', 'rrule_describe';
comment on function clinic.rrule_describe(clinic.rrule) is
  'A rule in English: "every 2 weeks on Monday and Thursday, until 30 June 2027".';

create function clinic.make_rrule(
  freq text,
  every integer default null,
  count integer default null,
  until timestamp default null,
  byday text default null,
  bymonthday integer[] default null,
  bymonth integer[] default null,
  bysetpos integer[] default null,
  byhour integer[] default null,
  byminute integer[] default null,
  bysecond integer[] default null,
  byweekno integer[] default null,
  byyearday integer[] default null,
  wkst text default null,
  skip text default null
) returns clinic.rrule
  language c immutable parallel safe cost 10
  as 'MODULE_PATHNAME', 'make_rrule';
comment on function clinic.make_rrule(
  text, integer, integer, timestamp, text, integer[], integer[], integer[], integer[], integer[], integer[], integer[], integer[], text, text
) is 'A recurrence rule of its parts; freq may also be biweekly, fortnightly or quarterly.';
