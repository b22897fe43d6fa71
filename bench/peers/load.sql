-- The prior visits of a peer: the first :visits slots, in their order.

insert into visit (patient, doctor, service, during)
select patient, doctor, service, tstzrange(starts_at, starts_at + interval '30 minutes')
from bench.slots(0, :visits)
order by slot;
