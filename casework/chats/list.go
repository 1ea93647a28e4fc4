package chats

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"tutela/casework/cases"
	"tutela/casework/identifiers"
	"tutela/vault/db"
)

// Masked stands in texts for what a view withholds.
const Masked = "▮"

// shown is the condition under which a group "g" shows at all: a group whose
// exhibit was marked as protected after it was read stays hidden until it is
// settled anew. The numbered argument is View.Protected.
func shown(arg int) string {
	return fmt.Sprintf("(?%d OR g.protected OR NOT (%s OR %s))", arg,
		cases.Marked("g.id", cases.Protected), cases.Marked("g.exhibit", cases.Protected))
}

// Listed is a group in a list, with its counts in the view asked for.
type Listed struct {
	Group
	AtRisk      bool
	Members     int64
	Messages    int64 // written by somebody; system records do not count
	Attachments int64
	Missing     int64  // attachments whose file is not in the export
	First, Last string // wall times of the first and last message, "" if none
}

// Groups lists the groups of a case: child at risk first, then by the time of
// the first message, then by id. A protected source neither shows nor counts;
// the group that it exported shows without exhibit and item, because a pointer
// to an exhibit that no list has would say that its owner is the source, and
// without what tells of the telephone: edition of the app, language, seconds.
func Groups(ctx context.Context, q db.Queryer, c cases.ID, v cases.View) ([]Listed, error) {
	ls, err := db.Collect(ctx, q, scanGroupListed, selectGroupListed+" WHERE g.case_id = ?1 AND "+shown(2)+
		" ORDER BY 11 DESC, 16, g.id", string(c), v.Protected)
	if err != nil || v.Protected {
		return ls, err
	}
	guards, err := guardsOf(ctx, q, c)
	if err != nil {
		return nil, err
	}
	for i := range ls {
		ls[i].Subject = guards.text(ls[i].ID, ls[i].Subject)
		if l := &ls[i]; guards.exported(l.ID) {
			l.Exhibit, l.Item, l.Language = "", "", ""
			l.Platform, _, _ = strings.Cut(l.Platform, "-")
			l.First, l.Last = minute(l.First), minute(l.Last)
		}
	}
	return ls, err
}

// withheldMember and withheldMessage say that the row "x" or "m" belongs to a
// protected source, by its own export or by an identifier known from one.
var (
	withheldMember  = "(x.withheld OR " + identifiers.Hidden("x.identifier") + ")"
	withheldMessage = "(m.withheld OR " + identifiers.Hidden("m.identifier") + ")"
)

// Argument 2 is View.Protected; the list orders by columns 11 and 16.
var selectGroupListed = `SELECT g.id, g.case_id, g.exhibit, g.item, g.subject, g.platform, g.kind, g.language, g.protected,
	g.owner_unknown,
	EXISTS (SELECT 1 FROM mark k WHERE (k.object = g.id OR k.object = g.exhibit) AND k.kind = 'risk' AND k.is_set)
		OR EXISTS (SELECT 1 FROM mark k JOIN message m ON m.id = k.object WHERE k.case_id = ?1 AND k.kind = 'risk' AND k.is_set
		AND m.group_id = g.id AND (?2 OR NOT ` + withheldMessage + `)),
	(SELECT COUNT(*) FROM chat_member x WHERE x.group_id = g.id AND (?2 OR NOT ` + withheldMember + `)),
	COALESCE(n.messages, 0), COALESCE(a.files, 0), COALESCE(a.missing, 0), COALESCE(n.since, ''), COALESCE(n.until, '')
	FROM chat_group g
	LEFT JOIN (SELECT m.group_id, COUNT(*) AS messages, MIN(m.wall) AS since, MAX(m.wall) AS until FROM message m
		WHERE m.kind <> 'system' AND m.case_id = ?1 AND (?2 OR NOT ` + withheldMessage + `)
		GROUP BY m.group_id) n ON n.group_id = g.id
	LEFT JOIN (SELECT m.group_id, COUNT(*) AS files, COUNT(CASE WHEN t.item = '' THEN 1 END) AS missing FROM message m
		JOIN attachment t ON t.message = m.id WHERE m.case_id = ?1 AND (?2 OR NOT ` + withheldMessage + `)
		GROUP BY m.group_id) a ON a.group_id = g.id`

const selectMemberListed = `SELECT x.group_id, x.label, x.identifier, x.owner, x.withheld,
	COALESCE(n.messages, 0), COALESCE(n.files, 0), COALESCE(n.since, ''), COALESCE(n.until, ''),
	COALESCE((SELECT MIN(e.wall) FROM chat_event e WHERE e.group_id = x.group_id AND e.subject = x.label
		AND NOT e.subject_own AND e.kind IN ('created', 'added', 'joined', 'joined_link')), ''),
	COALESCE((SELECT MAX(e.wall) FROM chat_event e WHERE e.group_id = x.group_id AND e.subject = x.label
		AND NOT e.subject_own AND e.kind IN ('removed', 'left')), '')
	FROM chat_member x JOIN chat_group g ON g.id = x.group_id
	LEFT JOIN (SELECT m.group_id, m.author, COUNT(*) AS messages, MIN(m.wall) AS since, MAX(m.wall) AS until,
		CAST(SUM((SELECT COUNT(*) FROM attachment t WHERE t.message = m.id)) AS BIGINT) AS files
		FROM message m WHERE m.kind <> 'system' AND m.author <> '' AND m.case_id = ?1
		GROUP BY m.group_id, m.author) n ON n.group_id = x.group_id AND n.author = x.label`

func scanGroupListed(r *sql.Rows) (Listed, error) {
	var l Listed
	g := &l.Group
	err := r.Scan(&g.ID, &g.Case, &g.Exhibit, &g.Item, &g.Subject, &g.Platform, &g.Kind, &g.Language, &g.Protected,
		&g.OwnerUnknown, &l.AtRisk, &l.Members, &l.Messages, &l.Attachments, &l.Missing, &l.First, &l.Last)
	return l, err
}

// Participant is a member in a list: an edge of the graph of groups and
// members. All times are wall times, "" where nothing tells.
type Participant struct {
	Member
	Messages    int64
	Attachments int64
	First, Last string // of the messages
	Joined      string // first event of creating, joining or being added
	Gone        string // last event of leaving or being removed
}

// Members lists who took part in a group ("" = in every group of the case): by
// group, then first message, then label. A member without a post has no
// Messages: being added is no act of one's own. A protected source is left out.
func Members(ctx context.Context, q db.Queryer, c cases.ID, g GroupID, v cases.View) ([]Participant, error) {
	ps, err := db.Collect(ctx, q, scanParticipant, selectMemberListed+
		" WHERE g.case_id = ?1 AND (?2 = '' OR g.id = ?2) AND (?3 OR NOT "+withheldMember+") AND "+shown(3)+
		" ORDER BY x.group_id, 8, x.label", string(c), string(g), v.Protected)
	if err != nil || v.Protected {
		return ps, err
	}
	guards, err := guardsOf(ctx, q, c)
	for i := range ps {
		p := &ps[i]
		p.Owner = false
		if guards.exported(p.Group) {
			p.First, p.Last, p.Joined, p.Gone = minute(p.First), minute(p.Last), minute(p.Joined), minute(p.Gone)
		}
	}
	return ps, err
}

func scanParticipant(r *sql.Rows) (Participant, error) {
	var p Participant
	err := r.Scan(&p.Group, &p.Label, &p.Identifier, &p.Owner, &p.Withheld, &p.Messages, &p.Attachments, &p.First, &p.Last,
		&p.Joined, &p.Gone)
	return p, err
}

// Sisters is a pair of groups with members in common.
type Sisters struct {
	A, B   GroupID // A sorts before B
	Shared []identifiers.ID
}

// SisterGroups lists the pairs of groups of a case that share members by
// identifier, those with most in common first. Names of address books identify
// nobody across exports and do not count; nor do protected sources.
func SisterGroups(ctx context.Context, q db.Queryer, c cases.ID, v cases.View) ([]Sisters, error) {
	type edge struct {
		a, b GroupID
		id   identifiers.ID
	}
	es, err := db.Collect(ctx, q, func(r *sql.Rows) (edge, error) {
		var e edge
		return e, r.Scan(&e.a, &e.b, &e.id)
	}, `SELECT x.group_id, y.group_id, x.identifier FROM chat_member x
		JOIN chat_member y ON y.identifier = x.identifier AND y.group_id > x.group_id
		JOIN chat_group g ON g.id = x.group_id JOIN chat_group h ON h.id = y.group_id
		JOIN identifier i ON i.id = x.identifier
		WHERE g.case_id = ?1 AND h.case_id = ?1 AND i.kind <> 'wa-name' AND (?2 OR NOT (y.withheld OR `+withheldMember+`))
		AND `+shown(2)+" AND (?2 OR h.protected OR NOT ("+cases.Marked("h.id", cases.Protected)+" OR "+
		cases.Marked("h.exhibit", cases.Protected)+")) ORDER BY 1, 2, 3", string(c), v.Protected)
	var all []Sisters
	for _, e := range es {
		if n := len(all); n == 0 || all[n-1].A != e.a || all[n-1].B != e.b {
			all = append(all, Sisters{A: e.a, B: e.b})
		}
		last := &all[len(all)-1]
		last.Shared = append(last.Shared, e.id)
	}
	sortSisters(all)
	return all, err
}
