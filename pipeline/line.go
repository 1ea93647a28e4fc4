package pipeline

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"tutela/casework/matching"
	"tutela/external/contain"
	"tutela/external/decoder"
	"tutela/fault"
	"tutela/format"
	"tutela/format/picture"
	"tutela/vault"
	"tutela/vault/audit"
	"tutela/vault/blob"
	"tutela/vault/db"
	"tutela/vault/evidence"
	"tutela/vault/jobs"
)

// Config says what a pipeline works with. Only Vault and Pool are needed.
type Config struct {
	Vault   *vault.Vault
	Pool    *contain.Pool // decodes pictures; its owner closes it
	Desk    *audit.Desk   // who acts; nil is the vault's own desk
	Workers int           // jobs at once; 0 = 2
	Host    string        // this machine's name; "" = the vault's
	Limits  format.Limits // of each reader, and of what one exhibit may unpack to; zero fields are defaults
}

// Line is the pipeline of one open vault.
type Line struct {
	store    *db.Store
	desk     *audit.Desk
	evidence *evidence.Room
	blobs    *blob.Store
	queue    *jobs.Queue
	pool     *contain.Pool
	decoders []decoder.Decoder
	siteRow  []byte // key of derived ids
	clock    func() time.Time
	host     string
	workers  int
	limits   format.Limits
	vault    *vault.Vault

	large chan struct{} // holds one while a large text is in memory

	mu      sync.Mutex
	matcher *matching.Matcher // of the lists that were active last
	lists   string
}

// New returns the pipeline of an open vault. It starts nothing.
func New(c Config) (*Line, error) {
	if c.Vault == nil || c.Pool == nil {
		return nil, fault.New(fault.Invalid, "pipeline: a vault and a pool of workers are needed")
	}
	if c.Desk == nil {
		c.Desk = c.Vault.Desk
	}
	if c.Host == "" {
		c.Host = c.Vault.Host()
	}
	if c.Workers <= 0 {
		c.Workers = 2
	}
	v := c.Vault
	return &Line{store: v.Store, desk: c.Desk, evidence: v.Evidence, blobs: v.Blobs, queue: v.Queue, pool: c.Pool, decoders: decoder.Find(), siteRow: v.Keys.Site.Row,
		clock: v.Clock, host: c.Host, workers: c.Workers, limits: c.Limits.OrDefault(), vault: v,
		large: make(chan struct{}, 1)}, nil
}

// Ops are the operations of contained workers; main and TestMain hand them to
// contain.Main.
func Ops() map[string]contain.Op {
	return map[string]contain.Op{opFingerprint: picture.Fingerprint, opUpright: picture.FingerprintUpright}
}

// Names of the stages, in order. Jobs, acts (with "stage." in front), findings
// and results carry them.
const (
	Seal        = "seal"
	Identify    = "identify"
	Unpack      = "unpack"
	Read        = "read"
	Fingerprint = "fingerprint"
	Match       = "match"
	Link        = "link"
	Propose     = "propose"
)

// version returns version and configuration of a stage as rows carry them. That
// of Match lacks the lists, which are known only when it runs.
func version(stage string) string {
	switch stage {
	case Fingerprint:
		return "1, picture " + picture.Version
	case Match:
		return "1, rules " + matching.Version
	}
	return "1"
}

// do does one job. A panic outside of the readers, which guard themselves, gives
// up this job and no other.
func (l *Line) do(ctx context.Context, lease *jobs.Lease) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fault.New(fault.Unknown, "stage %s crashed: %T", lease.Stage, v)
		}
	}()
	run := map[string]func(context.Context, *work) error{Identify: l.identify, Unpack: l.unpack, Read: l.read,
		Fingerprint: l.fingerprint, Match: l.match, Link: l.link, Propose: l.propose}[lease.Stage]
	if run == nil {
		return fault.New(fault.Invalid, "pipeline: no stage is called %q", lease.Stage)
	}
	w, err := l.begin(ctx, lease)
	if err != nil {
		return err
	}
	return run(ctx, w)
}

// Work works on promised jobs of every case that the actor can open until ctx
// ends, or until none is left when untilIdle is set.
func (l *Line) Work(ctx context.Context, workers int, untilIdle bool, progress func(Progress)) error {
	for {
		ids, err := l.casesWithWork(ctx)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := l.workOn(ctx, id, workers, progress); err != nil {
				return err
			}
		}
		if len(ids) == 0 && untilIdle {
			return nil
		}
		if len(ids) > 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// workOn works on the jobs of a case until none is left in anybody's hands.
func (l *Line) workOn(ctx context.Context, caseID string, workers int, progress func(Progress)) error {
	if workers <= 0 {
		workers = l.workers
	}
	o := jobs.Options{Workers: workers, Host: l.host, Case: caseID, UntilIdle: true}
	if progress != nil {
		var p pace
		o.Progress = func(c jobs.Counts) { progress(p.progress(l.clock(), c)) }
	}
	return l.queue.Work(ctx, o, l.do)
}

// guard runs a reader and turns a panic of it into a finding, so that one file
// cannot stop the others. Only the panic's type is told: its text may quote the
// file.
func guard(read func()) (crashed *format.Finding) {
	defer func() {
		if v := recover(); v != nil {
			kind := strings.TrimPrefix(fmt.Sprintf("%T", v), "*")
			crashed = &format.Finding{Code: "stage.crashed", Detail: kind}
		}
	}()
	read()
	return nil
}
