package referrals_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"maps"
	"os"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tutela/casework/media"
	"tutela/casework/referrals"
	"tutela/format/referral"
	"tutela/vault/pgtest"
)

// The seed of the first case; each case has the next one. A case is repeated,
// among those that it was made with, by its seed: TUTELA_CANARY_SEED=N.
const firstCanarySeed = 20260301

const (
	worldsAtOnce = 10  // whose canaries are looked for in each other's packages
	worldsAtSite = 200 // at most
)

// TestCanaries cuts packages out of random cases, of some for two countries, and
// looks in them for everything that is not meant for the country.
func TestCanaries(t *testing.T) {
	n, first := 1000, uint64(firstCanarySeed)
	if testing.Short() {
		n = 100
	}
	if os.Getenv("TUTELA_LONG") == "1" {
		n = 10_000
	}
	if s := os.Getenv("TUTELA_CANARY_SEED"); s != "" {
		seed, err := strconv.ParseUint(s, 10, 64)
		must(t, err)
		n, first = worldsAtOnce, seed-(seed-first)%worldsAtOnce
	}
	if dir := "/dev/shm"; runtime.GOOS == "linux" { // it asks nothing of a disk
		if f, err := os.MkdirTemp(dir, "canary"); err == nil {
			t.Cleanup(func() { os.RemoveAll(f) })
			t.Setenv("TMPDIR", f)
		}
	}
	before := debug.SetGCPercent(400)
	t.Cleanup(func() { debug.SetGCPercent(before) })
	const parts = 2
	for part := range parts {
		t.Run(fmt.Sprint("part", part), func(t *testing.T) {
			t.Parallel()
			var tally canaryTally
			cut := 0
			for from := part * worldsAtOnce; from < n; from += parts * worldsAtSite {
				t.Run(fmt.Sprint("from ", from), func(t *testing.T) {
					site := openCanarySite(t, "", first)
					for at := from; at < min(n, from+parts*worldsAtSite); at += parts * worldsAtOnce {
						site.cutAll(t, first+uint64(at), min(worldsAtOnce, n-at), &tally)
						cut += min(worldsAtOnce, n-at)
					}
				})
			}
			tally.report(t, cut)
		})
	}
}

// TestCanariesPostgreSQL does the same with rows in PostgreSQL.
func TestCanariesPostgreSQL(t *testing.T) {
	if testing.Short() {
		t.Skip("short: a PostgreSQL server takes seconds to start")
	}
	var tally canaryTally
	openCanarySite(t, pgtest.URL(t), firstCanarySeed).cutAll(t, firstCanarySeed, worldsAtOnce, &tally)
	tally.report(t, worldsAtOnce)
}

// canaryTally counts what was looked at, so that a test of nothing fails.
type canaryTally struct {
	packages, nothing, bytes, must, found, items, proofs int
	spent                                                [4]time.Duration
}

func (c *canaryTally) report(t *testing.T, n int) {
	t.Helper()
	t.Logf("%d packages, %d kB, %d items with bytes, %d proofs, %d of %d own values found, %d times nobody to tell; write %v, cut %v, scan %v",
		c.packages, c.bytes>>10, c.items, c.proofs, c.found, c.must, c.nothing, c.spent[0], c.spent[1], c.spent[2])
	if n >= worldsAtOnce && (c.packages < n/4 || c.must < 4*c.packages || c.items == 0 || c.proofs == 0) {
		t.Error("hardly anything is told: the test looks at nothing")
	}
}

// cutAll writes worlds, cuts a package for each of their two countries and
// looks for canaries of all of them.
func (s *canarySite) cutAll(t *testing.T, seed uint64, n int, tally *canaryTally) {
	t.Helper()
	start := time.Now()
	used := maps.Clone(s.used)
	worlds := make([]*world, n)
	for i := range worlds {
		worlds[i] = newWorld(i, seed+uint64(i), used)
	}
	s.write(worlds...)
	all := slices.Clone(s.officers)
	for _, w := range worlds {
		all = append(all, w.canaries...)
	}
	scan := newCanaryScan(all)
	tally.spent[0] += time.Since(start)
	for i, w := range worlds {
		s.cutOne(t, w, w.target, seed+uint64(i), scan, tally)
		if i%4 == 0 {
			s.cutOne(t, w, w.second, seed+uint64(i), scan, tally)
		}
	}
}

func (s *canarySite) cutOne(t *testing.T, w *world, country string, seed uint64, scan *canaryScan, tally *canaryTally) {
	t.Helper()
	start := time.Now()
	pack, c := s.pack(t, w, country, seed)
	tally.spent[1] += time.Since(start)
	if pack == nil {
		tally.nothing++
		return
	}
	s.scanOne(t, w, country, seed, scan, tally, pack)
	tally.packages++
	tally.proofs += len(c.Package.Proofs)
	for _, i := range c.Package.Items {
		if i.Included {
			tally.items++
		}
	}
}

// scanOne looks for canaries in a package, and for what must be in it.
func (s *canarySite) scanOne(t *testing.T, w *world, country string, seed uint64, scan *canaryScan, tally *canaryTally, pack []byte) {
	t.Helper()
	start := time.Now()
	hits, err := scan.search(pack)
	tally.spent[2] += time.Since(start)
	must(t, err)
	found, fine := map[*canary]bool{}, map[string]bool{} // two secrets of a site may have the same pseudonym by chance
	for _, k := range w.canaries {
		fine[k.value] = fine[k.value] || k.kind == aToken && k.tell(country) > never
	}
	bad := 0
	for _, h := range hits {
		found[h.canary] = true
		if (h.world != w.n || h.tell(country) == never) && !fine[h.value] {
			bad++
			if bad <= 5 {
				t.Errorf("seed %d: %s is told: %v", seed, country, h)
			}
		}
	}
	for _, k := range w.canaries {
		if k.tell(country) == always {
			tally.must++
			if found[k] {
				tally.found++
			} else {
				t.Errorf("seed %d: %s is not told: %s %q", seed, country, k.where, k.value)
			}
		}
	}
	checkCountry(t, seed, country, pack)
	tally.bytes += len(pack)
}

// pack cuts a package and writes it, nil when there is nobody to tell of. What
// is told of identifiers without a post rests on their being named.
func (s *canarySite) pack(t *testing.T, w *world, country string, seed uint64) ([]byte, *referrals.Cut) {
	t.Helper()
	req, best := s.request(w, country)
	if seed/2%2 == 1 {
		req.Language = "es"
	}
	c, err := s.cut(t, req, seed%2 == 0)
	if err != nil {
		if best == always || !strings.Contains(err.Error(), "nobody who wrote") {
			t.Errorf("seed %d: cut for %s: %v", seed, country, err)
		}
		return nil, nil
	}
	p := c.Package
	p.TLP, p.Handling, p.Purpose, p.TransferBasis = "TLP:AMBER", "police use", "investigation", "agreement"
	var out bytes.Buffer
	must(t, referral.Write(&out, p, c.At, s.v.Keys.Site.Sign, c.Labels(), c.Open))
	return out.Bytes(), c
}

// request asks for all that may be asked for, and says whether anybody is there
// to tell of.
func (s *canarySite) request(w *world, country string) (referrals.Request, standing) {
	req := referrals.Request{Case: w.id, Country: country, To: referral.Agency{Name: "Their Unit", Channel: "siena"}}
	f := &filling{canarySite: s, w: w}
	best := never
	for _, i := range w.idents {
		best = max(best, w.accepted(i, country))
		if i.also && country == w.target {
			req.Also = append(req.Also, f.idOf(i))
		}
	}
	for _, p := range w.photos() {
		if len(req.Include) < 3 && !p.missing && w.photoTo(p, country) == always {
			req.Include = append(req.Include, media.ID(p.item))
		}
	}
	return req, best
}

// cut cuts, with what has to be recorded for proofs or without.
func (s *canarySite) cut(t *testing.T, req referrals.Request, proved bool) (*referrals.Cut, error) {
	if !proved {
		return s.room.Cut(t.Context(), s.look(), req)
	}
	p, err := s.room.Preview(t.Context(), s.look(), req)
	if err != nil {
		return nil, err
	}
	return p.Cut, nil
}

var countryTold = regexp.MustCompile(`(?i:country|país) ([A-Z]{2}):`)

// checkCountry looks for the codes of other countries as the reason for one.
func checkCountry(t *testing.T, seed uint64, country string, pack []byte) {
	t.Helper()
	files, err := tarFiles(pack)
	must(t, err)
	for name, content := range files {
		for _, m := range countryTold.FindAllSubmatch(content, -1) {
			if string(m[1]) != country {
				t.Errorf("seed %d: %s names %s in the package for %s", seed, name, m[1], country)
			}
		}
	}
	rows, err := csv.NewReader(bytes.NewReader(files["data/identifiers.csv"])).ReadAll()
	must(t, err)
	named := 0
	for _, row := range rows {
		for _, field := range row {
			if field == country {
				named++
			}
			if field != country && slices.Contains(canaryCountries(), field) {
				t.Errorf("seed %d: identifiers.csv names %s in the package for %s", seed, field, country)
			}
		}
	}
	if named == 0 {
		t.Errorf("seed %d: identifiers.csv does not say why %s is told", seed, country)
	}
}
