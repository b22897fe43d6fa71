begin;
select plan(144);
\ir include/fixture.psql
update clinic.clinic set calling_code = '49' where id = t.id('clinic');
delete from clinic.patient;

-- telephone numbers
select is(clinic.normalize_phone(typed, code), normal, format('"%s"%s is %s', typed, coalesce(' in country ' || code, ''), normal))
from (values
  ('+49 30 901820', null, '+4930901820'), ('0049 30 901820', null, '+4930901820'), ('030/901820', '49', '+4930901820'),
  ('(030) 90.18-20', '49', '+4930901820'), ('  +1 (212) 555-0123 ', null, '+12125550123'), ('212 555 0123', '1', '+12125550123'),
  ('1 212 555 0123', '1', '+12125550123'), ('098765 43210', '91', '+919876543210'), ('9876543210', '91', '+919876543210'),
  ('06 69 82 1234', '39', '+390669821234'), ('+49 (0)30 901820', null, '+4930901820'), ('+123456789012345', null, '+123456789012345')) x(typed, code, normal);
select is(t.refusal(format('select clinic.normalize_phone(%L, %L)', typed, code)), 'PT400 invalid_phone', format('the phone "%s" is refused: %s', typed, why))
from (values
  ('', '49', 'empty'), ('   ', '49', 'blank'), ('030', '49', 'too short'), ('+49 30 1234', null, 'fewer than 10 digits'), ('+1234567890123456', null, 'more than 15 digits'),
  ('12345678901234567890', null, 'far too long'), ('+49 30 90A820', null, 'a letter'), ('030 901820', null, 'no country'), ('+0 30 9018200000', null, 'no such country'),
  ('++49 30 901820', null, 'two signs'), ('030 901820 ext 5', '49', 'an extension'), ('٠١٢٣٤٥٦٧٨٩', '49', 'other digits')) x(typed, code, why);
select is(clinic.normalize_phone(null), null, 'no phone stays no phone');

-- registering
select is((p).name || '|' || (p).phone || '|' || (p).email || '|' || (p).date_of_birth, 'Grace Brewster Hopper|+4930901820|grace@example.org|1906-12-09',
          'a patient is registered with name and phone in their normal form')
from clinic.register_patient(E'  Grace \t Brewster\n Hopper ', '030 901820', 'grace@example.org', '1906-12-09') p;

select is(t.refusal(format('select clinic.register_patient(%L, %L)', name, '+49 30 901821')), 'not refused', format('"%s" is a name', name))
from unnest(array['Bo', 'Anne-Marie O''Neill', 'O’Connor', 'Dr. Juan P. García-Márquez', 'अमिताभ बच्चन', 'محمد بن سلمان', '王小明', 'Nguyễn Thị Minh Khai', 'Łukasz Żółć',
                  'Ελένη Παπαδοπούλου', 'Владимир', 'やまだ たろう', '김철수', 'בנימין', 'ஆனந்த்', 'สมชาย', 'Pol·la', 'Zoë', repeat('x', 100), repeat('王', 100)]) name;
select is(t.refusal(format('select clinic.register_patient(%L, %L)', name, '+49 30 901821')), 'PT400 invalid_name', format('%s is no name', what))
from (values
  ('', 'an empty text'), ('   ', 'a blank text'), ('A', 'one letter'), (repeat('x', 101), 'a text of 101 characters'), (repeat('王', 101), 'a text of 101 Chinese characters'),
  ('R2D2', 'a text with digits'), ('अमित१', 'a text with Hindi digits'), ('محمد٣', 'a text with Arabic digits'), ('Ada <b>', 'mark-up'), ('Ada; drop table', 'a statement'), ('Ada "Countess"', 'a text with quotes'),
  ('Ada_Lovelace', 'an underscore'), ('ada@example.org', 'an address'), ('--', 'a text without letters'), ('. ''', 'punctuation'), ('Ada ☎', 'a text with a symbol'), ('Ada 🙂', 'a text with a picture'),
  (E'Ada\u202eecalevoL', 'a text with a direction override'), (E'Ada\u200bLovelace', 'a text with a zero-width space'), (E'Ada\u0007', 'a text with a control character')) x(name, what);

select is((clinic.register_patient('Rex 2', species => 'dog')).name, 'Rex 2', 'an animal may have digits in its name');
select is((clinic.register_patient('7', species => 'cat')).name, '7', 'an animal''s name may be one digit');
select is((clinic.register_patient('X', species => 'cat')).name, 'X', 'an animal''s name may be one letter');
select is((clinic.register_patient('Bo', species => 'cat')).phone, null, 'an animal needs no phone');
select is(t.refusal($$select clinic.register_patient('', species => 'cat')$$), 'PT400 invalid_name', 'an animal''s name is not empty');
select is(t.refusal($$select clinic.register_patient(repeat('x', 101), species => 'cat')$$), 'PT400 invalid_name', 'an animal''s name has at most 100 characters');
select is(t.refusal($$select clinic.register_patient('Rex#2', species => 'dog')$$), 'PT400 invalid_name', 'an animal''s name has no signs');
select is(t.refusal($$select clinic.register_patient('Rex', species => '')$$), '23514 patient_species_check', 'an empty species is refused');
select is(t.refusal($$select clinic.register_patient('Rex', species => 'dog', weight => 0)$$), '23514 patient_weight_check', 'no animal weighs nothing');
select is((clinic.register_patient('Rex', species => 'dog', breed => 'Beagle', weight => 12.5, last_vaccination => '2020-02-29', medical_history => '{"chip": 7}')).medical_history, '{"chip": 7}'::jsonb, 'what is known of an animal is kept');

select is(t.refusal(format('select clinic.register_patient(%L, email => %L)', 'Ada', email)), 'PT400 invalid_address', format('"%s" is no e-mail address', left(email, 30)))
from unnest(array['', 'ada', 'ada@', '@example.org', 'ada@example', 'ada@@example.org', 'ada@ex@ample.org', 'ada lovelace@example.org', 'ada@example.org.', 'ada@.org', 'ada@example..org', 'ada<@example.org', 'ada@-example.org', repeat('x', 250) || '@example.org']) email;
select is((clinic.register_patient('Ada Byron', email => email)).email, email, format('"%s" is an e-mail address', email))
from unnest(array['a.b+c@sub.example.co.uk', 'ada_1@example.org', 'adä@exämple.org']) email;

select is(t.refusal(format('select clinic.register_patient(%L, date_of_birth => %s)', 'Ada', birth)), 'PT400 invalid_birth_date', format('a birth on %s is refused', birth))
from unnest(array['''1899-12-31''', '''infinity''', '''-infinity''', 'current_date + 2', '''4000-01-01 BC''']) birth;
select is(t.refusal(format('select clinic.register_patient(%L, date_of_birth => %s)', 'Ada', birth)), 'not refused', format('a birth on %s is taken', birth))
from unnest(array['''1900-01-01''', '(now() at time zone ''Europe/Berlin'')::date', '''2000-02-29''', 'null']) birth;
select is(t.refusal($$select clinic.register_patient('Rex', species => 'dog', last_vaccination => 'infinity')$$), 'PT400 invalid_birth_date', 'a vaccination at infinity is refused');

-- the same person
delete from clinic.patient;
select t.call('mother', (clinic.register_patient('Marie Curie', '030 901820', date_of_birth => '1967-11-07')).id);
select is((clinic.register_patient('  marie  CURIE', '+49 30 90 18 20', date_of_birth => '1967-11-07')).id, t.id('mother'), 'phone, name and birth date the same: it is the same patient');
select isnt((clinic.register_patient('Irene Curie', '030 901820', date_of_birth => '1997-09-12')).id, t.id('mother'), 'a family shares a phone');
select isnt((clinic.register_patient('Marie Curie', '030 901820', date_of_birth => '1997-09-12')).id, t.id('mother'), 'a namesake with another birth date is another patient');
select isnt((clinic.register_patient('Marie Curie', '030 901821', date_of_birth => '1967-11-07')).id, t.id('mother'), 'with another phone it is another patient');
select t.call('undated', (clinic.register_patient('Marie Curie', '030 901820')).id);
select isnt(t.id('undated'), t.id('mother'), 'without a birth date it is another patient');
select is((clinic.register_patient('Marie Curie', '030 901820')).id, t.id('undated'), 'and the same one when that is repeated');
select is((clinic.register_patient('Marie Curie')).id = (clinic.register_patient('Marie Curie')).id, false, 'without a phone nobody is taken for somebody else');
select is(t.refusal($$insert into clinic.patient (name, phone, date_of_birth) values ('MARIE Curie', '030901820', '1967-11-07')$$), '23505 patient_same_person', 'a raw INSERT makes no second one');
select is(t.refusal($$insert into clinic.patient (name, phone) values ('R2D2', '030901829')$$), 'PT400 invalid_name', 'a raw INSERT is validated');
insert into clinic.patient (name, phone) values (' Raw   Writer ', '030 901829');
select is(phone, '+4930901829', 'a raw INSERT is normalised') from clinic.patient where name = 'Raw Writer';
select is(t.refusal($$update clinic.patient set phone = 'none' where name = 'Raw Writer'$$), 'PT400 invalid_phone', 'an UPDATE is validated');
update clinic.patient set phone = '(030) 901-830' where name = 'Raw Writer';
select is(phone, '+4930901830', 'an UPDATE is normalised') from clinic.patient where name = 'Raw Writer';
select is(t.refusal($$select clinic.register_patient(null)$$), 'PT400 missing_argument', 'a patient has a name');
select is(t.refusal($$select clinic.register_patient('Ada', clinic_id => null)$$), 'PT400 missing_argument', 'a patient has a clinic');
select is(t.refusal($$select clinic.register_patient('Ada', clinic_id => t.id('nobody'))$$), 'PT404 not_found', 'a patient''s clinic exists');
select t.call('second', (clinic.create_clinic('Second', 'UTC')).id);
select isnt((clinic.register_patient('Marie Curie', '+4930901820', date_of_birth => '1967-11-07', clinic_id => t.id('second'))).id, t.id('mother'), 'another clinic has its own patients');

-- finding them
create function t.found(query text) returns text[] language sql
  as $$select coalesce(array_agg(name || coalesce(' *' || extract(year from date_of_birth), '')), '{}') from clinic.find_patients($1)$$;
delete from clinic.patient;
select clinic.register_patient('Ada Lovelace', '030 1112223', 'ada@example.org', '1985-12-10'),
       clinic.register_patient('Ada King', '030 1112223', null, '1995-05-12'),
       clinic.register_patient('Zoë O''Neill', '+44 20 79460018', 'zoe@clinic.example');
select is(t.found('ada'), '{Ada King *1995,Ada Lovelace *1985}', 'find_patients: by a part of the name, whatever its case, in order of name');
select is(t.found(' LOVE  ada '), '{Ada Lovelace *1985}', 'find_patients: every word must be found');
select is(t.found('ada grace'), '{}', 'find_patients: not only some words');
select is(t.found('o''neill'), '{Zoë O''Neill}', 'find_patients: with an apostrophe');
select is(t.found('ZOË'), '{Zoë O''Neill}', 'find_patients: letters of any script, whatever their case');
select is(t.found('clinic.example'), '{Zoë O''Neill}', 'find_patients: by e-mail');
select is(t.found('030 1112223'), '{Ada King *1995,Ada Lovelace *1985}', 'find_patients: by phone as people say it');
select is(t.found('+44 (20) 7946'), '{Zoë O''Neill}', 'find_patients: by the beginning of a phone');
select is(t.found(''), '{}', 'find_patients: nothing finds nobody');
select is(t.found('  '), '{}', 'find_patients: blanks find nobody');
select is(t.found('%'), '{}', 'find_patients: a wildcard is a character');
select is(t.found('_'), '{}', 'find_patients: so is an underscore');
select is(t.found('.*'), '{}', 'find_patients: so is a pattern');
select is(t.found(null), '{}', 'find_patients: null finds nobody');
select is_empty($$select * from clinic.find_patients('ada', t.id('second'))$$, 'find_patients: of one clinic only');

-- accounts
select t.act_as('ada''s account');
select is((clinic.register_patient('Byron Lovelace', '030 1112223')).user_id, t.id('ada''s account'), 'who registers a patient answers for them');
select is(t.refusal($$select clinic.register_patient('Ann Other', '030 1112224', user_id => t.id('bob''s account'))$$), 'PT403 not_yours', 'an account registers nobody for another account');
select is((clinic.register_patient('Byron Lovelace', '030 1112223')).name, 'Byron Lovelace', 'an account may register its patient again');
select is(t.refusal($$select clinic.register_patient('Ada King', '030 1112223', date_of_birth => '1995-05-12')$$), 'PT403 not_yours', 'but not take over a patient that is registered');
select is(t.refusal($$update clinic.patient set name = 'Ada Queen' where name = 'Ada King'$$), 'PT403 not_yours', 'an account changes no patient it does not answer for');
select is(t.refusal($$update clinic.patient set user_id = t.id('ada''s account') where name = 'Ada King'$$), 'PT403 not_yours', 'nor does it make itself answer for one');
select is(t.refusal($$update clinic.patient set breed = null where name = 'Ada King'$$), 'PT403 not_yours', 'not even by an UPDATE that changes nothing');
select is(t.refusal($$update clinic.patient set user_id = t.id('bob''s account') where name = 'Byron Lovelace'$$), 'PT403 not_yours', 'an account gives its patient to no other');
select t.act_as('bob''s account');
select is(t.refusal($$update clinic.patient set user_id = t.id('bob''s account') where name = 'Byron Lovelace'$$), 'PT403 not_yours', 'an account takes no patient from another');
select is(t.refusal($$delete from clinic.patient where name = 'Ada King'$$), 'PT403 staff_only', 'nor does it delete one');

select * from finish();
rollback;
