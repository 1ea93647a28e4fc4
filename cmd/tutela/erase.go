package main

import (
	"encoding/json"

	"tutela/casework/chats"
	"tutela/casework/identifiers"
	"tutela/casework/matching"
	"tutela/casework/media"
	"tutela/casework/referrals"
	"tutela/casework/staff"
	"tutela/casework/tips"
	"tutela/fault"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/evidence"
)

// eraseVerb destroys content and personal data of exhibits for good: the keys of
// the content, the rows derived from it, and what the log remembers of them.
type eraseVerb struct {
	ofCase   `embed:""`
	Exhibits []string `arg:"" name:"exhibit" help:"${help_exhibit_id}"`
}

// erased counts what went.
type erased struct {
	Exhibits int      `json:"exhibits"`
	Items    int      `json:"items"`
	Entries  int      `json:"log_items"` // of the log, payload and salt dropped
	Objects  int      `json:"objects"`   // of the store
	IDs      []string `json:"erased"`
}

// Run erases in one act, then has the log forget the keys of the rows that the
// act deleted (a label or a number may be one), then sweeps the objects. What
// another exhibit of the case also holds stays. A run that was interrupted is
// completed by the same command.
func (c *eraseVerb) Run(a *app) error {
	return a.inCase(c.Case, "exhibit.list", func(in *room) error {
		if err := in.needWhy(); err != nil {
			return err
		}
		c.Exhibits = once(c.Exhibits)
		if err := in.ownExhibits(c.Exhibits); err != nil {
			return err
		}
		n := erased{Exhibits: len(c.Exhibits), IDs: c.Exhibits}
		objects, err := c.rows(in, &n)
		if err == nil {
			err = c.log(in, &n)
		}
		if err != nil {
			if fault.KindOf(err) == fault.Refused {
				err = fault.Hint(err, a.text.Text("hint.roles", string(staff.Supervisor)))
			}
			return err
		}
		n.Objects = len(objects)
		if err := in.v.Blobs.Sweep(a.ctx, objects...); err != nil {
			return fault.Hint(err, a.text.Text("hint.swept"))
		}
		a.print.line(a.text.Text("erase.backups"))
		return a.print.value(n, a.text.Text("erase.done", n.Exhibits, n.Items, n.Entries, n.Objects))
	})
}

const eraseAct = "exhibit.erase"

// rows erases rows, keys and the log's memory of earlier states.
func (c *eraseVerb) rows(in *room, n *erased) (objects []string, err error) {
	found, err := evidence.ByID(in.ctx, in.r, c.Exhibits...)
	if err != nil {
		return nil, err
	}
	var todo []string
	for _, e := range found {
		if e.State != evidence.Erased {
			todo = append(todo, e.ID)
		}
	}
	if len(todo) == 0 {
		return nil, nil
	}
	return objects, in.do(audit.Erasure, eraseAct, string(in.k.ID), []staff.Role{staff.Supervisor}, func(w *db.Writer) (err error) {
		stated, err := referrals.New(in.v, nil).Forget(in.ctx, w, in.k.ID, todo...)
		if err != nil {
			return err
		}
		if objects, err = in.v.Evidence.Erase(in.ctx, w, string(in.me()), in.Why, todo...); err != nil {
			return err
		}
		if n.Items, err = in.forget(w, todo); err != nil {
			return err
		}
		n.Entries, err = in.v.Ledger.EraseHistory(in.ctx, w, string(in.k.ID))
		n.Entries += stated
		return err
	})
}

// log drops the deletions that acts of erasure in the case recorded.
func (c *eraseVerb) log(in *room, n *erased) error {
	var todo []audit.Selector
	for e, err := range audit.Acts(in.ctx, in.r, audit.Filter{Case: string(in.k.ID), Verb: eraseAct}) {
		if err != nil {
			return err
		}
		places, err := deletions(in, e.Act)
		if err != nil {
			return err
		}
		if len(places) > 0 {
			todo = append(todo, audit.Selector{Act: e.Act, Places: places})
		}
	}
	if len(todo) == 0 {
		return nil
	}
	return in.do(audit.Erasure, eraseAct+".log", string(in.k.ID), []staff.Role{staff.Supervisor}, func(w *db.Writer) error {
		for _, s := range todo {
			dropped, err := audit.Erase(in.ctx, w, s)
			if n.Entries += dropped; err != nil {
				return err
			}
		}
		return nil
	})
}

// deletions returns the places of the items of an act that deleted a row.
func deletions(in *room, act string) ([]int, error) {
	items, err := audit.Items(in.ctx, in.r, act)
	var places []int
	for _, i := range items {
		var it struct{ Op string }
		if err := json.Unmarshal(i.JSON, &it); err != nil {
			return nil, fault.New(fault.Corrupt, "erase: an item of act %s cannot be read", act)
		}
		if it.Op == db.Delete {
			places = append(places, i.Place)
		}
	}
	return places, err
}

// forget has every room drop what it derived from exhibits.
func (c *room) forget(w *db.Writer, exhibits []string) (int, error) {
	items, err := media.Forget(c.ctx, w, c.k.ID, exhibits...)
	if err != nil {
		return 0, err
	}
	if err := matching.Forget(c.ctx, w, items...); err != nil {
		return 0, err
	}
	if err := chats.Forget(c.ctx, w, exhibits...); err != nil {
		return 0, err
	}
	if err := tips.Forget(c.ctx, w, exhibits...); err != nil {
		return 0, err
	}
	return len(items), identifiers.Forget(c.ctx, w, c.k.ID, exhibits...)
}
