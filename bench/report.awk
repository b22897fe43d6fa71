# report.awk: from the results of single runs (bench contender synchronous_commit name=value ...) to the table of
# medians.  A row whose two sides did not both run shows a dash.

function median(key,    n, i, j, swap, sorted)
{
	n = runs[key]
	if (n == 0)
		return ""
	for (i = 1; i <= n; i++)
		sorted[i] = value[key, i]
	for (i = 2; i <= n; i++)
		for (j = i; j > 1 && sorted[j - 1] > sorted[j]; j--)
		{
			swap = sorted[j]
			sorted[j] = sorted[j - 1]
			sorted[j - 1] = swap
		}
	return n % 2 ? sorted[(n + 1) / 2] : (sorted[n / 2] + sorted[n / 2 + 1]) / 2
}

function number(x)
{
	return x == "" ? "-" : sprintf(x < 100 ? "%.1f" : "%.0f", x)
}

function quotient(x, y)
{
	return x == "" || y == "" || y == 0 ? "-" : sprintf(x / y < 10 ? "%.2f" : "%.0f", x / y)
}

# The lowest and the highest ratio of two runs of one round: how far the ratio of the medians can be trusted.
function spread(ours, peer, name,    i, q, least, most)
{
	for (i = 1; i <= runs[ours, name] && i <= runs[peer, name]; i++)
	{
		if (value[peer, name, i] == 0)
			continue
		q = value[ours, name, i] / value[peer, name, i]
		if (least == "" || q < least)
			least = q
		if (most == "" || q > most)
			most = q
	}
	return most == "" ? "-" : quotient(least, 1) ".." quotient(most, 1)
}

function row(what, ours, peer, goal, name,    x, y)
{
	x = median(ours SUBSEP name)
	y = median(peer SUBSEP name)
	if (x != "" || y != "")
		printf "%-66s %7s %7s %7s  %-12s %s\n", what, number(x), number(y), quotient(x, y),
			spread(ours, peer, name), goal
}

function hot(what, contender, peer, goal_iterations, goal_booked)
{
	row("hot, " what ": iterations/s", "hot " contender " on", "hot " peer " on", goal_iterations,
		"iterations_per_second")
	row("hot, " what ": bookings/s", "hot " contender " on", "hot " peer " on", goal_booked,
		"booked_per_second")
}

function quiet(what, contender, peer, goal,    i, settings, names)
{
	split("on later off", settings, " ")
	split("sync on|flush 1 ms later|sync off", names, "|")
	for (i = 1; i <= 3; i++)
		row("quiet, " names[i] ", " what ": bookings/s", "quiet " contender " " settings[i],
			"quiet " peer " " settings[i], goal, "booked_per_second")
}

# A statement reads 100 doctors; shown are the milliseconds of one, the ratio is of rates.
function slots(what, contender, days, goal,    x, y)
{
	x = median("slots " contender " " days SUBSEP "iterations_per_second")
	y = median("slots exclude " days SUBSEP "iterations_per_second")
	if (x != "" || y != "")
		printf "%-66s %7s %7s %7s  %-12s %s\n", what, milliseconds(x), milliseconds(y), quotient(x, y),
			spread("slots " contender " " days, "slots exclude " days, "iterations_per_second"), goal
}

function milliseconds(rate)
{
	return rate == "" || rate == 0 ? "-" : sprintf("%.3f", 10 / rate)
}

# The ratio is to that peer, or to the faster of the two that look at one doctor after the other.
function find(what, scene, goal, peer,    ours, theirs, stepwise, range_agg)
{
	ours = median("find ours " scene SUBSEP "iterations_per_second")
	stepwise = median("find stepwise " scene SUBSEP "iterations_per_second")
	range_agg = median("find range_agg " scene SUBSEP "iterations_per_second")
	if (peer == "")
		peer = stepwise + 0 >= range_agg + 0 ? "stepwise" : "range_agg"
	theirs = median("find " peer " " scene SUBSEP "iterations_per_second")
	if (ours != "" && theirs != "")
		printf "%-66s %7.3f %7.3f %7s  %-12s %s\n", "first starts, " what " | " peer ": ms", 1000 / ours, 1000 / theirs,
			quotient(ours, theirs), spread("find ours " scene, "find " peer " " scene, "iterations_per_second"), goal
}

# What so much history costs, beside none.
function history(    x, y)
{
	x = median("find ours few" SUBSEP "iterations_per_second")
	y = median("find ours history" SUBSEP "iterations_per_second")
	if (x != "" && y != "")
		printf "%-66s %7.3f %7.3f %7s  %-12s %s\n", "first starts, with 10 times the history | without: ms", 1000 / y, 1000 / x,
			quotient(x, y), spread("find ours few", "find ours history", "iterations_per_second"), "<= 1.5"
}

# What three resources cost beside one.
function rooms(    x, y)
{
	x = median("rooms one off" SUBSEP "booked_per_second")
	y = median("rooms three off" SUBSEP "booked_per_second")
	if (x != "" && y != "")
		printf "%-66s %7.3f %7.3f %7s  %-12s %s\n", "three resources | one, one connection: ms", 1000 / y, 1000 / x,
			quotient(x, y), spread("rooms one off", "rooms three off", "booked_per_second"), "<= 2"
}

# A statement of book_many() books a thousand.
function many(what, contender, goal,    x, y)
{
	x = median("many book_many on" SUBSEP "booked_per_second")
	y = median("many " contender " on" SUBSEP "booked_per_second")
	if (x != "" && y != "")
		printf "%-66s %7s %7s %7s  %-12s %s\n", "book_many() | " what ": visits/s", number(1000 * x), number(y),
			quotient(1000 * x, y), "", goal
}

# What a series takes, whole.
function series(count, goal,    x)
{
	x = median("series " count " off" SUBSEP "booked_per_second")
	if (x != "" && x != 0)
		printf "%-66s %7.1f %7s %7s  %-12s %s\n", "a series of " count ": ms", 1000 / x, "-", "-", "-", goal
}

function check(bench,    contender, total, i, j, n, names, name, line)
{
	n = split("deadlocks serialization_failures overlaps_seen overlaps wrong_claims", names)
	for (i = 1; i <= contenders; i++)
	{
		contender = contender_at[i]
		if (index(contender, bench " ") != 1)
			continue
		line = sprintf("%-28s", contender)
		for (j = 1; j <= n; j++)
		{
			name = names[j]
			line = line sprintf(" %8d", sum[contender, name])
		}
		printf "%s %8.0f\n", line, worst[contender]
	}
}

{
	contender = $1 " " $2 " " $3
	if (!(contender in seen))
	{
		seen[contender] = 1
		contender_at[++contenders] = contender
	}
	for (i = 4; i <= NF; i++)
	{
		split($i, pair, "=")
		value[contender, pair[1], ++runs[contender, pair[1]]] = pair[2] + 0
		sum[contender, pair[1]] += pair[2]
		if (pair[1] == "longest_ms" && pair[2] + 0 > worst[contender])
			worst[contender] = pair[2] + 0
	}
}

END {
	printf "%-66s %7s %7s %7s  %-12s %s\n", "what", "ours", "peer", "ratio", "by round", "goal"
	hot("functions | check, then insert", "ours_functions", "check_then_insert", ">= 150", ">= 60")
	hot("plain INSERT and UPDATE | check, then insert", "ours_raw", "check_then_insert", "", "")
	hot("half and half | check, then insert", "ours_mixed", "check_then_insert", "", "")
	hot("functions | lock the doctor, then insert", "ours_functions", "lock_then_insert", "", "")
	quiet("book() | (a) bare INSERT", "ours", "exclude", ">= 0.45")
	quiet("book() | (b) with 3 foreign keys", "ours", "foreign_keys", ">= 0.6")
	quiet("book() | (c) with an audit trigger too", "ours", "audit", ">= 0.75")
	quiet("plain INSERT | (a) bare INSERT", "ours_raw", "exclude", "")
	row("token day, functions | lock the day, then insert: iterations/s", "tokens ours on", "tokens token_day on", "",
		"iterations_per_second")
	row("token day, functions | lock the day, then insert: bookings/s", "tokens ours on", "tokens token_day on", "",
		"booked_per_second")
	rooms()
	many("a file of book() calls, psql", "statements", ">= 5")
	many("book(), prepared", "book", "")
	series(52, "<= 15 ms")
	series(366, "<= 60 ms")
	slots("one doctor's day, free_time() | range_agg: ms", "ours_free_time", 1, "<= 0.03 ms")
	slots("one doctor's month, free_time() | range_agg: ms", "ours_free_time", 31, "<= 0.15 ms")
	slots("one doctor's day, available_slots() | range_agg: ms", "ours_available_slots", 1, "")
	slots("one doctor's month, available_slots() | range_agg: ms", "ours_available_slots", 31, "")

	find("1,000 doctors, 95% full", "usual", "<= 0.5 ms")
	find("80% full", "roomy", "")
	find("99.5% full", "tight", "")
	find("100 doctors, 95% full", "few", "")
	find("100 doctors, 10 times the history", "history", "")
	history()
	find("10,000 doctors, 95% full", "many", "")
	find("99.5% full, 5-minute steps", "scarce", "<= 0.5 ms")
	find("99.5% full, 5-minute steps", "scarce", "", "hashed")
	find("ten days full", "booked_out", "<= 20, >= 4")
	find("ten days full", "booked_out", "", "hashed")
	find("95% full, never vacuumed", "unvacuumed", "")
	find("95% full, first of a session", "first_of_session", "")
	find("95% full, after a restart, nothing cached", "cold", "")

	printf "\n%-28s %8s %8s %8s %8s %8s %8s\n", "all rounds (sync)", "", "", "overlaps", "overlaps", "verify",
		"longest"
	printf "%-28s %8s %8s %8s %8s %8s %8s\n", "", "40P01", "40001", "during", "after", "", "ms"
	check("hot")
	check("tokens")
	check("quiet")
	check("rooms")
	check("many")
	check("series")
}
