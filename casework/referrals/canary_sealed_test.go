package referrals_test

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"

	"tutela/casework/referrals"
	"tutela/format/envelope"
)

// TestCanariesSealed takes the whole way for some cases: a second officer
// approves, the first one seals, and the agency decrypts.
func TestCanariesSealed(t *testing.T) {
	n := 6
	if testing.Short() {
		n = 2
	}
	s := openCanarySite(t, "", firstCanarySeed)
	approver := referrals.New(s.second, nil)
	key := ageKey(t)
	to, err := referrals.ParseRecipient([]byte(key.Recipient().String()))
	must(t, err)
	opened := 0
	for i := range n {
		w := newWorld(0, uint64(firstCanarySeed+90_000+i), maps.Clone(s.used))
		s.write(w)
		req, best := s.request(w, w.target)
		p, err := s.room.Preview(t.Context(), s.look(), req)
		if best != always && err != nil {
			continue
		}
		must(t, err)
		terms := referrals.Terms{TLP: "TLP:AMBER", Handling: "police use", Purpose: "investigation", Basis: "agreement",
			Why: w.secret("reason of an approval")}
		a, err := approver.Approve(t.Context(), s.look(), p.ID, terms)
		must(t, err)
		files, err := s.room.Seal(t.Context(), s.look(), a, to)
		must(t, err)
		scan := newCanaryScan(slices.Concat(s.officers, w.canaries))
		for _, f := range files {
			if !strings.HasSuffix(f.Name, envelope.SuffixAge) {
				var hits []hit
				scan.look(f.Name, f.Data, 0, &hits) // what goes beside the package
				for _, h := range hits {
					t.Errorf("beside the package: %v", h)
				}
				continue
			}
			var pack bytes.Buffer
			must(t, envelope.OpenAge(&pack, bytes.NewReader(f.Data), key))
			s.scanOne(t, w, w.target, 0, scan, &canaryTally{}, pack.Bytes())
			opened++
		}
	}
	if opened < n/2 {
		t.Errorf("only %d packages were opened", opened)
	}
}
