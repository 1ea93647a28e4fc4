package audit

import (
	"context"
	"sync"

	"tutela/fault"
	"tutela/vault/db"
	"tutela/vault/ids"
	"tutela/vault/internal/engine"
	"tutela/vault/keys"
)

// group collects consultations that arrive while another group is being
// committed, so that many readers share one transaction.
type group struct {
	mu      sync.Mutex
	waiting []*consultation
	running bool
}

// maxGroup bounds the entries of one transaction.
const maxGroup = 256

type consultation struct {
	actor Actor
	act   Act
	id    string
	now   int64
	entry *entry
	err   error
	done  chan struct{}
}

// Consult records that the actor is about to look, and returns a read handle
// once the entry is committed. The class of the act is consultation, whatever a
// says (disclosure and combination stand).
func (d *Desk) Consult(ctx context.Context, a Act) (*db.Reader, error) {
	l := d.ledger
	if a.Class != Disclosure && a.Class != Combination {
		a.Class = Consultation
	}
	if err := a.check(); err != nil {
		return nil, err
	}
	view, err := l.admit(ctx, engine.Unlock(l.store.Raw()).Read(), d.actor)
	if err != nil {
		return nil, err
	}
	now := l.clock()
	c := &consultation{actor: d.actor, act: a, now: now.UnixMicro(), done: make(chan struct{})}
	if c.id, err = ids.New(now, &l.random); err != nil {
		return nil, fault.New(fault.Outside, "audit: %w", err)
	}
	// Signed here, so that a slow agent holds up nobody else.
	if c.entry, err = l.entry(view.Site, c.actor, c.id, c.now, a, nil); err != nil {
		return nil, err
	}
	l.enqueue(c)
	select {
	case <-c.done:
	case <-ctx.Done():
		return nil, ctx.Err() // it may be recorded all the same
	}
	if c.err != nil {
		return nil, c.err
	}
	return engine.Unlock(l.store.Raw()).Read(), nil
}

func (l *Ledger) enqueue(c *consultation) {
	g := &l.group
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting = append(g.waiting, c)
	if !g.running {
		g.running = true
		go l.commitGroups()
	}
}

// commitGroups commits what is waiting until nothing is.
func (l *Ledger) commitGroups() {
	g := &l.group
	for {
		g.mu.Lock()
		batch := g.waiting[:min(len(g.waiting), maxGroup)]
		g.waiting = g.waiting[len(batch):]
		if len(batch) == 0 {
			g.waiting, g.running = nil, false
			g.mu.Unlock()
			return
		}
		g.mu.Unlock()
		err := l.commitGroup(context.Background(), batch)
		for _, c := range batch {
			if c.err == nil {
				c.err = err
			}
			close(c.done)
		}
	}
}

func (l *Ledger) commitGroup(ctx context.Context, batch []*consultation) error {
	var view *keys.View
	err := engine.Unlock(l.store.Raw()).Write(ctx, func(w *db.Writer) error {
		engine.Unlock(w.Raw()).Bind(batch[0].id)
		var entries []*entry
		for _, c := range batch {
			v, err := l.admit(ctx, w, c.actor)
			if err == nil && v.Site.Epoch != c.entry.head.Epoch {
				c.entry, err = l.entry(v.Site, c.actor, c.id, c.now, c.act, nil)
			}
			if c.err = err; err == nil {
				entries, view = append(entries, c.entry), v
			}
		}
		if len(entries) == 0 {
			return nil
		}
		_, err := l.append(ctx, w, view.Site, entries...)
		return err
	})
	if err != nil || view == nil {
		return err
	}
	return l.ring.Install(view)
}
