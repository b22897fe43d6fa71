-- hours.sql: weekly hours, and when they are open

create type clinic.weekly_hours;

create function clinic.weekly_hours_in(cstring) returns clinic.weekly_hours
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'weekly_hours_in';
comment on function clinic.weekly_hours_in(cstring) is 'Text to clinic.weekly_hours.';

create function clinic.weekly_hours_out(clinic.weekly_hours) returns cstring
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'weekly_hours_out';
comment on function clinic.weekly_hours_out(clinic.weekly_hours) is 'clinic.weekly_hours to text.';

create function clinic.weekly_hours_recv(internal) returns clinic.weekly_hours
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'weekly_hours_recv';
comment on function clinic.weekly_hours_recv(internal) is 'Binary form to clinic.weekly_hours.';

create function clinic.weekly_hours_send(clinic.weekly_hours) returns bytea
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'weekly_hours_send';
comment on function clinic.weekly_hours_send(clinic.weekly_hours) is 'clinic.weekly_hours to binary form.';

-- Every search for free time reads the hours. So they stay in their row, and longer values of the
-- row move out first.
create type clinic.weekly_hours (
  input = clinic.weekly_hours_in,
  output = clinic.weekly_hours_out,
  receive = clinic.weekly_hours_recv,
  send = clinic.weekly_hours_send,
  internallength = variable,
  alignment = int4,
  storage = main
);
comment on type clinic.weekly_hours is
  'The hours of a week on the wall clock, as "Mo-Fr 08:00-12:00,13:00-18:00; Sa 09:00-12:00", "24/7" or "off".';

create function clinic.weekly_hours_eq(clinic.weekly_hours, clinic.weekly_hours) returns boolean
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'weekly_hours_eq';
comment on function clinic.weekly_hours_eq(clinic.weekly_hours, clinic.weekly_hours) is 'Behind operator =.';

create function clinic.weekly_hours_ne(clinic.weekly_hours, clinic.weekly_hours) returns boolean
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'weekly_hours_ne';
comment on function clinic.weekly_hours_ne(clinic.weekly_hours, clinic.weekly_hours) is 'Behind operator <>.';

create function clinic.weekly_hours_lt(clinic.weekly_hours, clinic.weekly_hours) returns boolean
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'weekly_hours_lt';
comment on function clinic.weekly_hours_lt(clinic.weekly_hours, clinic.weekly_hours) is 'Behind operator <.';

create function clinic.weekly_hours_le(clinic.weekly_hours, clinic.weekly_hours) returns boolean
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'weekly_hours_le';
comment on function clinic.weekly_hours_le(clinic.weekly_hours, clinic.weekly_hours) is 'Behind operator <=.';

create function clinic.weekly_hours_gt(clinic.weekly_hours, clinic.weekly_hours) returns boolean
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'weekly_hours_gt';
comment on function clinic.weekly_hours_gt(clinic.weekly_hours, clinic.weekly_hours) is 'Behind operator >.';

create function clinic.weekly_hours_ge(clinic.weekly_hours, clinic.weekly_hours) returns boolean
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'weekly_hours_ge';
comment on function clinic.weekly_hours_ge(clinic.weekly_hours, clinic.weekly_hours) is 'Behind operator >=.';

create function clinic.weekly_hours_cmp(clinic.weekly_hours, clinic.weekly_hours) returns integer
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'weekly_hours_cmp';
comment on function clinic.weekly_hours_cmp(clinic.weekly_hours, clinic.weekly_hours) is 'Order of btree indexes: negative, zero or positive.';

create function clinic.weekly_hours_hash(clinic.weekly_hours) returns integer
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'weekly_hours_hash';
comment on function clinic.weekly_hours_hash(clinic.weekly_hours) is 'Hash of clinic.weekly_hours.';

create function clinic.weekly_hours_hash_extended(clinic.weekly_hours, bigint) returns bigint
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'weekly_hours_hash_extended';
comment on function clinic.weekly_hours_hash_extended(clinic.weekly_hours, bigint) is 'Hash of clinic.weekly_hours, with a seed.';

create operator clinic.= (
  leftarg = clinic.weekly_hours,
  rightarg = clinic.weekly_hours,
  function = clinic.weekly_hours_eq,
  commutator = operator(clinic.=),
  negator = operator(clinic.<>),
  restrict = pg_catalog.eqsel,
  join = pg_catalog.eqjoinsel,
  hashes,
  merges
);
comment on operator clinic.= (clinic.weekly_hours, clinic.weekly_hours) is 'Open in the same minutes of the week.';

create operator clinic.<> (
  leftarg = clinic.weekly_hours,
  rightarg = clinic.weekly_hours,
  function = clinic.weekly_hours_ne,
  commutator = operator(clinic.<>),
  negator = operator(clinic.=),
  restrict = pg_catalog.neqsel,
  join = pg_catalog.neqjoinsel
);
comment on operator clinic.<> (clinic.weekly_hours, clinic.weekly_hours) is 'Not open in the same minutes of the week.';

create operator clinic.< (
  leftarg = clinic.weekly_hours,
  rightarg = clinic.weekly_hours,
  function = clinic.weekly_hours_lt,
  commutator = operator(clinic.>),
  negator = operator(clinic.>=),
  restrict = pg_catalog.scalarltsel,
  join = pg_catalog.scalarltjoinsel
);
comment on operator clinic.< (clinic.weekly_hours, clinic.weekly_hours) is 'Before, in the order of indexes.';

create operator clinic.<= (
  leftarg = clinic.weekly_hours,
  rightarg = clinic.weekly_hours,
  function = clinic.weekly_hours_le,
  commutator = operator(clinic.>=),
  negator = operator(clinic.>),
  restrict = pg_catalog.scalarlesel,
  join = pg_catalog.scalarlejoinsel
);
comment on operator clinic.<= (clinic.weekly_hours, clinic.weekly_hours) is 'Before or equal, in the order of indexes.';

create operator clinic.> (
  leftarg = clinic.weekly_hours,
  rightarg = clinic.weekly_hours,
  function = clinic.weekly_hours_gt,
  commutator = operator(clinic.<),
  negator = operator(clinic.<=),
  restrict = pg_catalog.scalargtsel,
  join = pg_catalog.scalargtjoinsel
);
comment on operator clinic.> (clinic.weekly_hours, clinic.weekly_hours) is 'After, in the order of indexes.';

create operator clinic.>= (
  leftarg = clinic.weekly_hours,
  rightarg = clinic.weekly_hours,
  function = clinic.weekly_hours_ge,
  commutator = operator(clinic.<=),
  negator = operator(clinic.<),
  restrict = pg_catalog.scalargesel,
  join = pg_catalog.scalargejoinsel
);
comment on operator clinic.>= (clinic.weekly_hours, clinic.weekly_hours) is 'After or equal, in the order of indexes.';

create operator class clinic.weekly_hours_ops default for type clinic.weekly_hours using btree as
  operator 1 clinic.<,
  operator 2 clinic.<=,
  operator 3 clinic.=,
  operator 4 clinic.>=,
  operator 5 clinic.>,
  function 1 clinic.weekly_hours_cmp(clinic.weekly_hours, clinic.weekly_hours);
comment on operator class clinic.weekly_hours_ops using btree is 'Order of weekly hours.';

create operator class clinic.weekly_hours_ops default for type clinic.weekly_hours using hash as
  operator 1 clinic.=,
  function 1 clinic.weekly_hours_hash(clinic.weekly_hours),
  function 2 clinic.weekly_hours_hash_extended(clinic.weekly_hours, bigint);
comment on operator class clinic.weekly_hours_ops using hash is 'Hash of weekly hours.';

create function clinic.open_hours(hours clinic.weekly_hours, timezone text, during tstzrange) returns tstzmultirange
  language c immutable strict parallel safe cost 100
  as 'MODULE_PATHNAME', 'open_hours';
comment on function clinic.open_hours(clinic.weekly_hours, text, tstzrange) is
  'The instants within `during` at which weekly hours are open in a time zone.';

create function clinic.is_open(hours clinic.weekly_hours, timezone text, at timestamptz) returns boolean
  language c immutable strict parallel safe cost 10
  as 'MODULE_PATHNAME', 'is_open';
comment on function clinic.is_open(clinic.weekly_hours, text, timestamptz) is
  'Whether weekly hours are open at an instant in a time zone.';
