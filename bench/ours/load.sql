-- Our prior visits: the first :visits slots, in their order, through the triggers like any other visit.

begin;
select clinic.lock_for_import(id) from bench.clinic;

insert into clinic.appointment (clinic_id, patient_id, provider_id, service_id, starts_at)
select clinic, patient, doctor, service, starts_at
from bench.slots(0, :visits)
order by slot;
commit;
