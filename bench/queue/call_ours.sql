select number from clinic.call_next(('d0000000-0000-4000-8000-' || lpad(:client_id::text, 12, '0'))::uuid, 'Desk', 'c0000000-0000-4000-8000-000000000000');
