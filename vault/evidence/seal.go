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
	Batch     int    // files in an act at most; 0 = 8,000
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
// path that was interrupted is continued; files that an earlier, complete one
// with the same marks has sealed and that have not changed since (path, size,
// time of change) are not sealed again, so that repeating an order adds only
// what is new. Each batch is one act: its content is durable before the act
// commits, and the act holds exhibits, custody, manifests, findings, keys and
// the promised jobs.
func (r *Room) Seal(ctx context.Context, desk *audit.Desk, o Order) (Result, error) {
	src, err := source(o.Path)
	if err != nil {
		return Result{}, err
	}
	s := &sealing{room: r, desk: desk, order: o, source: src}
	if err := s.acquire(ctx); err != nil {
		return Result{}, err
	}
	stop := s.report(ctx)
	err = s.run(ctx)
	stop()
	if err != nil {
		return s.result, err
	}
	if !s.opened && len(s.earlier) > 0 { // nothing new
		s.result.Acquisition = s.earlier[len(s.earlier)-1]
		return s.result, nil
	}
	s.acq.State, s.acq.Closed = Closed, r.micros()
	act := audit.Act{Class: audit.Collection, Verb: "acquisition.close", Case: o.Case, Object: s.acq.ID, Why: o.Why}
	_, err = desk.Do(ctx, act, func(w *db.Writer) error { return w.Put(ctx, acquisitionTable, s.acq.row()) })
	failpoint.Hit("seal.closed")
	return s.result, err
}

// acquire finds the acquisitions of the same case, host, source and mode: the
// open one is continued, closed ones with the same marks are remembered. If
// none is open it makes one, which the first batch will write.
func (s *sealing) acquire(ctx context.Context) error {
	r, o, mode := s.room, s.order, Copy
	if o.InPlace {
		mode = InPlace
		if db.Text(s.source) != s.source { // it could not be found again
			return fault.New(fault.Invalid, "seal: the path is not UTF-8 and cannot be sealed in place")
		}
	}
	known, err := db.Collect(ctx, r.reader(), scanAcquisition, selectAcquisition+
		`WHERE case_id = ?1 AND host = ?2 AND source = ?3 AND mode = ?4 ORDER BY opened_us, id`, o.Case, r.host, db.Text(s.source), string(mode))
	if err != nil {
		return err
	}
	for _, a := range known {
		same := a.Protected == o.Protected && a.Authority == o.Authority
		switch {
		case a.State == Open && !same:
			return fault.Hint(fault.New(fault.Refused, "seal: an interrupted acquisition of this path was begun with other marks"),
				"give the same --protected-source and --authorisation as the first time")
		case a.State == Open:
			s.acq, s.opened = a, true
			s.earlier = append(s.earlier, a.ID)
		case same:
			s.earlier = append(s.earlier, a.ID)
		}
	}
	if !s.opened {
		id, err := ids.New(r.now(), r.rand)
		if err != nil {
			return err
		}
		s.acq = Acquisition{ID: id, Case: o.Case, Host: r.host, Source: db.Text(s.source), Mode: mode, Officer: s.desk.KeyID(),
			FromWhom: o.FromWhom, Device: o.Device, Method: o.Method, Zone: o.Zone, Note: o.Note, Authority: o.Authority,
			Protected: o.Protected, State: Open, Opened: r.micros()}
	}
	s.result.Acquisition = s.acq.ID
	return nil
}

// sealing is one run of Seal.
type sealing struct {
	room    *Room
	desk    *audit.Desk
	order   Order
	source  string
	acq     Acquisition
	opened  bool     // acq is in the database
	earlier []string // acquisitions of the same source, acq included when it is continued

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
		err := walk(ctx, s.source, s.perAct(), func(b []entry) error {
			select {
			case walked <- b:
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		})
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

// perAct returns how many files one act seals at most.
func (s *sealing) perAct() int {
	if s.order.Batch > 0 {
		return s.order.Batch
	}
	return batchFiles
}

// batch is what was read and becomes durable together; part of it is what one
// act seals.
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

// cut takes the first n exhibits off, and with the first of them the findings.
func (b *batch) cut(n int) batch {
	n = min(n, len(b.exhibits))
	part := batch{writing: b.writing, exhibits: b.exhibits[:n], chunks: b.chunks[:n], findings: b.findings}
	b.exhibits, b.chunks, b.findings = b.exhibits[n:], b.chunks[n:], nil
	return part
}

// commit makes the content durable and then seals it, one act after another.
// Content that was erased meanwhile is Busy, and the caller runs again.
func (s *sealing) commit(ctx context.Context, b *batch) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if b.writing != nil {
		if err := b.writing.Commit(ctx); err != nil {
			return err
		}
		failpoint.Hit("seal.durable")
	}
	s.count(batch{resumed: b.resumed, bytes: b.bytes})
	for len(b.exhibits)+len(b.findings) > 0 {
		part := b.cut(s.perAct())
		act := audit.Act{Class: audit.Collection, Verb: "exhibit.seal", Case: s.order.Case, Object: s.acq.ID, Why: s.order.Why}
		if _, err := s.desk.Do(ctx, act, func(w *db.Writer) error { return s.put(ctx, w, &part) }); err != nil {
			return err
		}
		s.opened = true
		failpoint.Hit("seal.committed")
		s.count(part)
	}
	return nil
}

// count adds what was done to the result.
func (s *sealing) count(b batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.result.Exhibits += len(b.exhibits) + b.resumed
	s.result.Resumed += b.resumed
	s.result.Findings += len(b.findings)
	s.result.Bytes += b.bytes
	for _, e := range b.exhibits {
		s.result.Bytes += e.Size
	}
}

// put writes the rows of a batch.
func (s *sealing) put(ctx context.Context, w *db.Writer, b *batch) error {
	now := s.room.micros()
	exhibits, custody := make([]db.Row, len(b.exhibits)), make([]db.Row, len(b.exhibits))
	names := make([]string, len(b.exhibits))
	var manifests []db.Row
	for i := range b.exhibits {
		e := &b.exhibits[i]
		names[i] = e.Blob
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
	var acquisitions []db.Row
	if !s.opened {
		acquisitions = append(acquisitions, s.acq.row())
	}
	for _, step := range []struct {
		t    db.Table
		rows []db.Row
	}{{acquisitionTable, acquisitions}, {exhibitTable, exhibits}, {custodyTable, custody}, {manifestTable, manifests}, {findingTable, findings}} {
		if len(step.rows) > 0 {
			if err := w.Put(ctx, step.t, step.rows...); err != nil {
				return err
			}
		}
	}
	var err error
	if b.writing != nil {
		err = b.writing.PutKeys(ctx, w, names...)
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
		files, bytes := measure(ctx, s.source)
		s.mu.Lock()
		total.TotalFiles, total.TotalBytes = files, bytes
		s.mu.Unlock()
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
