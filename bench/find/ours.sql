-- The ten earliest free starts of all doctors, from some time of the first day on.

-- @work
select s.service, s.first_day::timestamp at time zone 'UTC' + interval '8 hours' + (n * 7 % 48) * interval '5 min',
       s.first_day::timestamp at time zone 'UTC' + interval '60 days', s.clinic
from bench.scene s, generate_series(1, $2::int) n
where s.name = '@SCENE@' and $1::int = 0

-- @book
select string_agg(concat(f.provider_id, ' ', extract(epoch from lower(f.slot))::bigint), ',' order by f.n)
from clinic.find_slots(service_id => $1::uuid, during => tstzrange($2::timestamptz, $3::timestamptz), clinic_id => $4::uuid)
     with ordinality f (provider_id, slot, seats_left, n)
