package evidence

import (
	"context"
	"errors"
	"sync"
	"time"

	"tutela/fault"
	"tutela/hash/digest"
	"tutela/vault/audit"
	"tutela/vault/blob"
	"tutela/vault/db"
	"tutela/vault/failpoint"
	"tutela/vault/ids"
)

// Order says what to seal and how it came.
type Order struct {
	Case      string
	Path      string // a file or a folder
	InPlace   bool
	Protected bool
	Risk      bool
	Authority string // see Acquisition.Authority
	FromWhom  string
	Device    string
	Method    string
	Zone      string
	Note      string
	Why       string // reason of the acts
	// Promise enqueues the jobs of freshly sealed exhibits in the transaction
	// that seals them. May be nil.
	Promise func(ctx context.Context, w *db.Writer, sealed []Exhibit) error
	// Progress is called from time to time and at the end. May be nil.
	Progress func(Progress)
}

// Progress of sealing one source.
type Progress struct {
	Files, Bytes           int64   // done, resumed ones included
	TotalFiles, TotalBytes int64   // 0 while they are being counted
	PerSecond              float64 // bytes a second
	SecondsLeft            float64 // negative while unknown
}

// Result of sealing one source.
type Result struct {
	Acquisition string
	Exhibits    int // in all
	Resumed     int // of these, sealed by an earlier run
	Bytes       int64
	Findings    int
}

// Seal seals what lies at a path. An acquisition of the same case, host and
// path that was interrupted is continued. Each batch is one act: its content
// is durable before the act commits, and the act holds exhibits, custody,
// manifests, findings, keys and the promised jobs.
func (r *Room) Seal(ctx context.Context, desk *audit.Desk, o Order) (Result, error) {
	src, err := source(o.Path)
	if err != nil {
		return Result{}, err
	}
	acq, resumed, err := r.acquire(ctx, desk, o, src)
	if err != nil {
		return Result{}, err
	}
	s := &sealing{room: r, desk: desk, order: o, acq: acq, resumed: resumed, result: Result{Acquisition: acq.ID}}
	stop := s.report(ctx)
	err = s.run(ctx)
	stop()
	if err != nil {
		return s.result, err
	}
	acq.State, acq.Closed = Closed, r.micros()
	act := audit.Act{Class: audit.Collection, Verb: "acquisition.close", Case: o.Case, Object: acq.ID, Why: o.Why}
	_, err = desk.Do(ctx, act, func(w *db.Writer) error { return w.Put(ctx, acquisitionTable, acq.row()) })
	failpoint.Hit("seal.closed")
	return s.result, err
}

// acquire finds the open acquisition of the same case, host and source, or
// opens one.
func (r *Room) acquire(ctx context.Context, desk *audit.Desk, o Order, src string) (Acquisition, bool, error) {
	mode := Copy
	if o.InPlace {
		mode = InPlace
		if db.Text(src) != src { // it could not be found again
			return Acquisition{}, false, fault.New(fault.Invalid, "seal: the path is not UTF-8 and cannot be sealed in place")
		}
	}
	acq, found, err := db.One(ctx, r.reader(), scanAcquisition, selectAcquisition+
		`WHERE case_id = ?1 AND state = 'open' AND host = ?2 AND source = ?3 AND mode = ?4 ORDER BY opened_us, id LIMIT 1`,
		o.Case, r.host, db.Text(src), string(mode))
	if err != nil {
		return acq, false, err
	}
	if found {
		if acq.Protected != o.Protected || acq.Authority != o.Authority {
			return acq, false, fault.Hint(fault.New(fault.Refused, "seal: an interrupted acquisition of this path was begun with other marks"),
				"give the same --protected-source and --authorisation as the first time")
		}
		return acq, true, nil
	}
	id, err := ids.New(r.now(), r.rand)
	if err != nil {
		return acq, false, err
	}
	acq = Acquisition{ID: id, Case: o.Case, Host: r.host, Source: db.Text(src), Mode: mode, Officer: desk.KeyID(), FromWhom: o.FromWhom,
		Device: o.Device, Method: o.Method, Zone: o.Zone, Note: o.Note, Authority: o.Authority, Protected: o.Protected,
		State: Open, Opened: r.micros()}
	act := audit.Act{Class: audit.Collection, Verb: "acquisition.open", Case: o.Case, Object: id, Why: o.Why}
	_, err = desk.Do(ctx, act, func(w *db.Writer) error { return w.Put(ctx, acquisitionTable, acq.row()) })
	failpoint.Hit("seal.opened")
	return acq, false, err
}

// sealing is one run of Seal.
type sealing struct {
	room    *Room
	desk    *audit.Desk
	order   Order
	acq     Acquisition
	resumed bool

	mu     sync.Mutex
	result Result
}

// run walks, reads and commits at the same time: while one batch commits, the
// next is being read.
func (s *sealing) run(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	walked, read := make(chan []entry, 1), make(chan *batch, 1)
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(walked)
		src, err := source(s.order.Path)
		if err == nil {
			err = walk(ctx, src, func(b []entry) error {
				select {
				case walked <- b:
					return nil
				case <-ctx.Done():
					return context.Cause(ctx)
				}
			})
		}
		if err != nil {
			stop(err)
		}
	})
	wg.Go(func() {
		defer close(read)
		for entries := range walked {
			b, err := s.read(ctx, entries)
			if err != nil {
				stop(err)
				return
			}
			select {
			case read <- b:
			case <-ctx.Done():
				b.abort()
				return
			}
		}
	})
	for b := range read {
		if err := s.commit(ctx, b); err != nil {
			stop(err)
		}
		b.abort() // does nothing after a commit
	}
	wg.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// batch is what one act will seal.
type batch struct {
	writing  *blob.Writing // nil in place
	exhibits []Exhibit
	chunks   [][]digest.ID
	findings []Finding
	resumed  int
	bytes    int64 // of the resumed ones
}

func (b *batch) abort() {
	if b.writing != nil {
		b.writing.Abort()
	}
}

// commit makes the content durable and seals the batch in one act. Content
// that was erased meanwhile is Busy, and the caller runs again.
func (s *sealing) commit(ctx context.Context, b *batch) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if len(b.exhibits)+len(b.findings) > 0 {
		if b.writing != nil {
			if err := b.writing.Commit(ctx); err != nil {
				return err
			}
			failpoint.Hit("seal.durable")
		}
		act := audit.Act{Class: audit.Collection, Verb: "exhibit.seal", Case: s.order.Case, Object: s.acq.ID, Why: s.order.Why}
		if _, err := s.desk.Do(ctx, act, func(w *db.Writer) error { return s.put(ctx, w, b) }); err != nil {
			return err
		}
		failpoint.Hit("seal.committed")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.result.Exhibits += len(b.exhibits) + b.resumed
	s.result.Resumed += b.resumed
	s.result.Findings += len(b.findings)
	s.result.Bytes += b.bytes
	for _, e := range b.exhibits {
		s.result.Bytes += e.Size
	}
	return nil
}

// put writes the rows of a batch.
func (s *sealing) put(ctx context.Context, w *db.Writer, b *batch) error {
	now := s.room.micros()
	exhibits, custody := make([]db.Row, len(b.exhibits)), make([]db.Row, len(b.exhibits))
	var manifests []db.Row
	for i := range b.exhibits {
		e := &b.exhibits[i]
		e.Sealed = now
		exhibits[i] = e.row()
		custody[i] = Custody{Step: StepSealed, At: now, Actor: s.desk.KeyID(), From: s.acq.FromWhom}.after(nil, *e).row()
		if len(b.chunks[i]) > 1 {
			manifests = append(manifests, db.Row{e.ID, digest.Join(b.chunks[i])})
		}
	}
	findings := make([]db.Row, len(b.findings))
	for i, f := range b.findings {
		findings[i] = f.row()
	}
	for _, step := range []struct {
		t    db.Table
		rows []db.Row
	}{{exhibitTable, exhibits}, {custodyTable, custody}, {manifestTable, manifests}, {findingTable, findings}} {
		if len(step.rows) > 0 {
			if err := w.Put(ctx, step.t, step.rows...); err != nil {
				return err
			}
		}
	}
	var err error
	if b.writing != nil {
		err = b.writing.PutKeys(ctx, w)
	}
	if err == nil && s.order.Promise != nil && len(b.exhibits) > 0 {
		err = s.order.Promise(ctx, w, b.exhibits)
	}
	failpoint.Hit("seal.rows")
	return err
}

// report calls Progress once a second until the returned function is called.
func (s *sealing) report(ctx context.Context) (stop func()) {
	if s.order.Progress == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var total Progress
	var wg sync.WaitGroup
	begun := time.Now()
	wg.Go(func() {
		if src, err := source(s.order.Path); err == nil {
			files, bytes := measure(ctx, src)
			s.mu.Lock()
			total.TotalFiles, total.TotalBytes = files, bytes
			s.mu.Unlock()
		}
	})
	say := func() {
		s.mu.Lock()
		p := total
		p.Files, p.Bytes = int64(s.result.Exhibits), s.result.Bytes
		s.mu.Unlock()
		p.rate(time.Since(begun))
		s.order.Progress(p)
	}
	wg.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				say()
			case <-ctx.Done():
				return
			}
		}
	})
	return func() { cancel(); wg.Wait(); say() }
}

// rate fills in speed and time left.
func (p *Progress) rate(spent time.Duration) {
	p.SecondsLeft = -1
	if spent <= 0 || p.Bytes == 0 {
		return
	}
	p.PerSecond = float64(p.Bytes) / spent.Seconds()
	if p.TotalBytes > 0 {
		p.SecondsLeft = max(0, float64(p.TotalBytes-p.Bytes)/p.PerSecond)
	}
}

// errChanged says that a file was not the same before and after the read.
var errChanged = errors.New("changed while it was read")
