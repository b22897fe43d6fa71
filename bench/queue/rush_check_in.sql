select number from clinic.check_in(code => 'RUSH-' || nextval('rush'), clinic_id => 'c0000000-0000-4000-8000-000000000000');
