package referrals

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"tutela/casework/hashlists"
	"tutela/casework/media"
	"tutela/format/referral"
)

// maxNoted bounds how many things one note of the coverage names.
const maxNoted = 40

// counted is where things of the package that stand in an exhibit are counted.
func (b *builder) counted(exhibit string) *referral.Covered {
	if b.counts[exhibit] == nil {
		b.counts[exhibit] = &referral.Covered{Label: b.exhibit(exhibit)}
	}
	return b.counts[exhibit]
}

// coverage says what was read of what concerns this package, by which readers,
// against which lists, and what is known to go wrong.
func (b *builder) coverage() error {
	c := &b.cut.Package.Coverage
	c.Stages = []referral.Stage{{Name: "cut", Version: Version}}
	slices.Sort(b.subjects)
	results, err := media.Results(b.ctx, b.q, b.m.k.ID, slices.DeleteFunc(slices.Compact(b.subjects), empty)...)
	if err != nil {
		return err
	}
	matched := false
	for _, r := range results {
		if r.Outcome == media.Skipped {
			continue
		}
		version, _, _ := strings.Cut(r.Version, ", lists ") // the lists are named below
		if s := (referral.Stage{Name: r.Stage, Version: version}); !slices.Contains(c.Stages, s) {
			c.Stages = append(c.Stages, s)
		}
		matched = matched || r.Stage == "match"
	}
	if err := b.account(results); err != nil {
		return err
	}
	for _, n := range b.counts {
		c.Exhibits = append(c.Exhibits, *n)
	}
	if err := b.lists(matched); err != nil {
		return err
	}
	for _, k := range []string{"others", "protected", "media", "raw", "mentions"} {
		c.Excluded = append(c.Excluded, b.text.Text("cut.excluded."+k))
	}
	for _, k := range []string{"mask", "match", "zone", "country"} {
		c.KnownError = append(c.KnownError, b.text.Text("cut.error."+k))
	}
	return nil
}

// lists names the hash lists that the items of the package were compared with.
func (b *builder) lists(matched bool) error {
	if !matched {
		return nil
	}
	all, err := hashlists.ActiveOf(b.ctx, b.q, hashlists.ForCases()...)
	for _, l := range all {
		b.cut.Package.Coverage.Lists = append(b.cut.Package.Coverage.Lists, referral.ListUsed{Source: l.Source, Version: l.Version,
			Algorithms: []string{"md5", "sha1", "sha256", "pdq"}})
	}
	return err
}

// reading is the codes of what stands against one thing.
type reading map[string]bool

func (r reading) failed() bool {
	for code := range r {
		if media.LossOf(code).Failed() {
			return true
		}
	}
	return false
}

// readings collects what stands against items, or against an exhibit as a
// whole: findings, and stages that failed. What stands against something inside
// an item of the package stands against that item.
func (b *builder) readings(results []media.Result) (map[string]reading, error) {
	against := map[string]reading{}
	add := func(of, code string) {
		if against[of] == nil {
			against[of] = reading{}
		}
		if media.LossOf(code) != media.NoLoss {
			against[of][code] = true
		}
	}
	for _, r := range results {
		if r.Outcome == media.Failed {
			add(r.Subject, r.Detail)
		}
	}
	found, err := media.FindingsIn(b.ctx, b.q, b.m.k.ID, slices.Sorted(maps.Keys(b.exhibitAt))...)
	parent := map[media.ID]media.ID{}
	for _, i := range b.m.items {
		parent[i.ID] = i.Parent
	}
	told := b.told()
	for _, f := range found {
		add(cmp.Or(string(f.Item), f.Exhibit), f.Code)
		for at := parent[f.Item]; at != ""; at = parent[at] {
			if told[at] {
				add(string(at), f.Code)
			}
		}
	}
	return against, err
}

// told are the items of the package.
func (b *builder) told() map[media.ID]bool {
	told := map[media.ID]bool{}
	for _, i := range b.originals {
		told[i.ID] = true
	}
	return told
}

// account counts each item of the package once, by what the readers made of
// it, and notes what was not read whole: the items by name, and what they and
// the messages were taken out of without a word on whose part it is. Of a
// protected source's own exhibit nothing is noted.
func (b *builder) account(results []media.Result) error {
	against, err := b.readings(results)
	if err != nil {
		return err
	}
	skipped := map[string]string{}
	for _, r := range results {
		if r.Outcome == media.Skipped {
			skipped[r.Subject] = r.Detail
		}
	}
	notes := map[string][]string{}
	for n, i := range b.originals {
		if i.ID != "" {
			b.tally(i, against[string(i.ID)], skipped[string(i.ID)])
			notes[i.Exhibit] = append(notes[i.Exhibit], b.noted(b.cut.Package.Items[n].ID, against[string(i.ID)])...)
		}
	}
	around, err := b.around()
	for exhibit := range b.exhibitAt {
		if b.shielded(exhibit, "") {
			continue
		}
		whole := maps.Clone(against[exhibit])
		for _, item := range around[exhibit] {
			if whole == nil {
				whole = reading{}
			}
			maps.Copy(whole, against[item])
		}
		slices.Sort(notes[exhibit])
		all := append(b.noted(b.text.Text("cut.note.whole"), whole), notes[exhibit]...)
		if len(all) > maxNoted {
			all = append(all[:maxNoted], b.text.Text("cut.note.rest"))
		}
		b.counted(exhibit).Note = strings.Join(all, "; ")
	}
	return err
}

// tally counts one item.
func (b *builder) tally(i media.Item, against reading, skipped string) {
	c := b.counted(i.Exhibit)
	switch {
	case i.State == media.Excluded, skipped == "held", skipped == "scope":
		c.Excluded++
	case i.State == media.Unreadable, against.failed():
		c.Failed++
	case strings.HasPrefix(skipped, "kind."):
		c.Unread++
	default:
		c.Read++
	}
}

// noted says what stands against one thing, in words and by code.
func (b *builder) noted(what string, against reading) []string {
	by := map[media.Loss][]string{}
	for _, code := range slices.Sorted(maps.Keys(against)) {
		by[media.LossOf(code)] = append(by[media.LossOf(code)], code)
	}
	var all []string
	for _, l := range slices.Sorted(maps.Keys(by)) {
		all = append(all, b.text.Text("cut.note."+string(l))+" ("+strings.Join(by[l], ", ")+")")
	}
	if len(all) == 0 {
		return nil
	}
	return []string{what + ": " + strings.Join(all, ", ")}
}

// around returns by exhibit the items that those of the package and its
// messages were taken out of: chats, mails, containers.
func (b *builder) around() (map[string][]string, error) {
	seen, wanted := b.told(), []media.ID{}
	seen[""] = true
	want := func(id media.ID) {
		if !seen[id] {
			seen[id] = true
			wanted = append(wanted, id)
		}
	}
	for _, i := range b.originals {
		want(i.Parent)
	}
	for _, m := range b.written {
		want(media.ID(m.Item))
	}
	for _, m := range b.sent {
		want(media.ID(m.Item))
	}
	out := map[string][]string{}
	for len(wanted) > 0 {
		found, err := media.Find(b.ctx, b.q, wanted...)
		if err != nil {
			return nil, err
		}
		wanted = nil
		for _, i := range found {
			if i.Case == b.m.k.ID && !b.m.untold(string(i.ID)) {
				out[i.Exhibit] = append(out[i.Exhibit], string(i.ID))
			}
			want(i.Parent)
		}
	}
	return out, nil
}
