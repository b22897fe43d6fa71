-- patient: who is seen
\set SHOW_CONTEXT never
select id as clinic from clinic.create_clinic('Praxis am Park', 'Europe/Berlin') \gset
set clinic_sched.clinic_id = :'clinic';
update clinic.clinic set calling_code = '49' where id = :'clinic';
set datestyle = 'ISO';
-- normalised
select name, phone, email, date_of_birth, species from clinic.register_patient(E' \t Ada   Lovelace ', '(030) 111-22 33', 'ada@example.org', '1985-12-10');
select name, phone from clinic.register_patient('Anne-Marie O’Neill', '0044 20 7946 0018');
select name, phone from clinic.register_patient('अमिताभ बच्चन', '+91 98765 43210');
select name, phone from clinic.register_patient('محمد بن سلمان', '+966 50 123 4567');
select name, phone from clinic.register_patient('王小明', '+86 138 0013 8000');
select name, species, breed, weight from clinic.register_patient('Rex 2', species => 'dog', breed => 'Beagle', weight => 12.5);
-- the same person once, a family with one phone
select count(distinct id) as patients from (
  select (clinic.register_patient('Ada Lovelace', '030 1112233', date_of_birth => '1985-12-10')).id
  union all select (clinic.register_patient('ada  LOVELACE', '+49301112233', date_of_birth => '1985-12-10')).id
  union all select (clinic.register_patient('Byron Lovelace', '030 1112233')).id) x;
\set VERBOSITY terse
insert into clinic.patient (name, phone, date_of_birth) values ('ADA LOVELACE', '030 1112233', '1985-12-10');
\set VERBOSITY default
-- refused
select clinic.register_patient('R2D2', '030 1112233');
select clinic.register_patient('A', '030 1112233');
select clinic.register_patient('', '030 1112233');
select clinic.register_patient('. -', '030 1112233');
select clinic.register_patient(repeat('x', 101));
select clinic.register_patient('#1', species => 'dog');
select clinic.register_patient('Ada Lovelace', '12');
select clinic.register_patient('Ada Lovelace', '+49 30 x');
select clinic.register_patient('Ada Lovelace', '+1234567890123456');
select clinic.register_patient('Ada Lovelace', email => 'ada');
select clinic.register_patient('Ada Lovelace', email => 'ada lovelace@example.org');
select clinic.register_patient('Ada Lovelace', date_of_birth => '1899-12-31');
select clinic.register_patient(null);
select clinic.normalize_phone('030 1112233');
select clinic.normalize_phone('030 1112233', '49') as berlin, clinic.normalize_phone('06 6982', '39') as too_short;
select clinic.normalize_phone('030 1112233', '49') as berlin, clinic.normalize_phone('06 69 82 1234', '39') as rome, clinic.normalize_phone('(212) 555-0123', '1') as new_york;
-- found
select name from clinic.find_patients('LOVE');
select name from clinic.find_patients('o’neill anne');
select name from clinic.find_patients('030 111 22 33');
select name from clinic.find_patients('बच्चन');
select name from clinic.find_patients('%');
-- an account's own
set clinic_sched.actor_id = '00000000-0000-7000-8000-0000000000f1';
select name, user_id from clinic.register_patient('Grace Hopper', '030 9999999');
select clinic.register_patient('Ada Lovelace', '030 1112233', date_of_birth => '1985-12-10');
select clinic.register_patient('Ann Other', user_id => '00000000-0000-7000-8000-0000000000f2');
reset clinic_sched.actor_id;
reset clinic_sched.clinic_id;
