/*
 * visit_batch.c
 *		Rows of one INSERT of ours, seen to together.
 *
 * Until the batch ends its visits have no claims and no journal, which only
 * another trigger or rule on the table could notice: it may change, move or delete
 * them, book more, or roll back what it did.  Where there is one, no batch is opened.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "booking/patient_rules.h"
#include "booking/visit.h"
#include "booking/visit_batch.h"
#include "booking/visit_claims.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "commands/trigger.h"
#include "journal/journal.h"
#include "query.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

typedef struct BatchPatient
{
	pg_uuid_t id;
	bool is_active;
} BatchPatient;

typedef struct VisitBatch
{
	MemoryContext context;
	int npatients;
	BatchPatient *patients; /* by id */
	TupleDesc descriptor;	/* of the rows */
	int nrows;
	int room;
	VisitRow *rows;
} VisitBatch;

static VisitBatch *batch = NULL;

static SavedQuery find_patients = {
	.sql = "select p.id, p.is_active from clinic.patient p where p.clinic_id" EQ
		   "$1 and p.id operator(pg_catalog.=) any ($2)",
	QUERY_PARAMETERS(UUIDOID, UUIDARRAYOID),
	.snapshot = SNAPSHOT_LATEST,
	.as_owner = true,
};

static int
compare_patients(const void *a, const void *b)
{
	return memcmp(&((const BatchPatient *) a)->id, &((const BatchPatient *) b)->id, UUID_LEN);
}

/* Has the table a trigger or a rule that is not the extension's? */
static bool
others_see_to_rows(void)
{
	Oid extension = get_extension_oid("clinic_sched", false);
	Oid table = get_relname_relid("appointment", get_namespace_oid("clinic", false));
	Relation relation = table_open(table, AccessShareLock);
	const TriggerDesc *triggers = relation->trigdesc;
	bool found = relation->rd_rules != NULL;

	for (int i = 0; triggers && i < triggers->numtriggers; i++)
	{
		const Trigger *trigger = &triggers->triggers[i];

		found |= !trigger->tgisinternal && trigger->tgenabled != TRIGGER_DISABLED &&
				 getExtensionOfObject(ProcedureRelationId, trigger->tgfoid) != extension;
	}
	table_close(relation, AccessShareLock);
	return found;
}

void
visit_batch_begin(const pg_uuid_t *clinic, const pg_uuid_t *patients, int npatients,
				  const Stretch *stretches, int nstretches)
{
	Datum values[] = {UUIDPGetDatum(clinic), uuid_array(patients, npatients)};
	VisitBatch *opened;

	if (batch)
		elog(ERROR, "a batch of visits is open already");
	if (others_see_to_rows())
		return;
	opened = palloc0(sizeof(VisitBatch));
	opened->context = CurrentMemoryContext;
	opened->npatients = (int) query_run(&find_patients, values, NULL, 0);
	opened->patients = palloc(sizeof(BatchPatient) * Max(opened->npatients, 1));
	for (int i = 0; i < opened->npatients; i++)
	{
		opened->patients[i].id = *query_uuid(i, 1);
		opened->patients[i].is_active = query_bool(i, 2);
	}
	qsort(opened->patients, opened->npatients, sizeof(BatchPatient), compare_patients);
	look_ahead(clinic, stretches, nstretches);
	journal_begin_batch();
	batch = opened;
}

void
visit_batch_end(void)
{
	VisitBatch *ended = batch;

	if (ended == NULL)
		return;
	/* What is written and asked from here on is about single rows again. */
	batch = NULL;
	look_ahead_end();
	journal_end_batch();
	if (ended->nrows == 0)
		return;
	claims_write(ended->rows, ended->nrows);
	check_visits_of_batch(ended->rows, ended->nrows);
}

void
visit_batch_abandon(void)
{
	batch = NULL;
	look_ahead_end();
	journal_abandon_batch();
}

bool
visit_batch_is_open(void)
{
	return batch != NULL;
}

bool
visit_batch_knows_patient(const pg_uuid_t *patient, bool *is_active)
{
	BatchPatient wanted = {.id = *patient};
	const BatchPatient *found;

	if (batch == NULL)
		return false;
	found =
		bsearch(&wanted, batch->patients, batch->npatients, sizeof(BatchPatient), compare_patients);
	if (found)
		*is_active = found->is_active;
	return found != NULL;
}

void
visit_batch_add(Relation relation, HeapTuple written)
{
	MemoryContext caller = MemoryContextSwitchTo(batch->context);

	if (batch->descriptor == NULL)
		batch->descriptor = CreateTupleDescCopy(RelationGetDescr(relation));
	if (batch->nrows == batch->room)
	{
		batch->room = batch->room ? 2 * batch->room : 64;
		batch->rows = batch->rows ? repalloc(batch->rows, sizeof(VisitRow) * batch->room)
								  : palloc(sizeof(VisitRow) * batch->room);
	}
	visit_read_as(&batch->rows[batch->nrows++], batch->descriptor, heap_copytuple(written));
	MemoryContextSwitchTo(caller);
}
