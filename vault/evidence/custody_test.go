package evidence

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"tutela/fault"
)

// chain is the vector of docs/formats/custody.md.
func chain() (Exhibit, []Custody) {
	e := Exhibit{ID: "e1", SHA256: sha256.Sum256(nil), State: Held}
	a := Custody{Step: StepSealed, At: 1700000000000000, Actor: "SHA256:abc", From: "A. Finder"}.after(nil, e)
	b := Custody{Step: StepOpened, At: 1700000000000001, Actor: "SHA256:abc", Note: "first look"}.after(&a, e)
	return e, []Custody{a, b}
}

func TestCustodyVectorOfTheDocument(t *testing.T) {
	text, err := os.ReadFile("../../docs/formats/custody.md")
	if err != nil {
		t.Fatal(err)
	}
	e, c := chain()
	for _, x := range c {
		if !strings.Contains(string(text), hex.EncodeToString(x.Hash)) {
			t.Errorf("entry %d: the document has another hash than %x", x.Seq, x.Hash)
		}
	}
	if err := CheckCustody(e, c); err != nil {
		t.Error(err)
	}
}

func TestCustodyChangesAreSeen(t *testing.T) {
	for i, change := range []func(*Exhibit, []Custody) []Custody{
		func(e *Exhibit, c []Custody) []Custody { e.SHA256[0] ^= 1; return c },
		func(e *Exhibit, c []Custody) []Custody { e.Size++; return c },
		func(e *Exhibit, c []Custody) []Custody { e.ID = "e2"; return c },
		func(e *Exhibit, c []Custody) []Custody { e.State = Erased; return c },
		func(_ *Exhibit, c []Custody) []Custody { c[0].From = "B. Finder"; return c },
		func(_ *Exhibit, c []Custody) []Custody { c[0].From, c[0].To = "", "A. Finder"; return c },
		func(_ *Exhibit, c []Custody) []Custody { c[1].At++; return c },
		func(_ *Exhibit, c []Custody) []Custody { c[1].Actor = "SHA256:abd"; return c },
		func(_ *Exhibit, c []Custody) []Custody { c[1].Step = StepReleased; return c },
		func(_ *Exhibit, c []Custody) []Custody { c[1].Note = ""; return c },
		func(_ *Exhibit, c []Custody) []Custody { c[1].Prev[5] ^= 1; return c },
		func(_ *Exhibit, c []Custody) []Custody { c[1].Hash[5] ^= 1; return c },
		func(_ *Exhibit, c []Custody) []Custody { return c[1:] },
		func(_ *Exhibit, c []Custody) []Custody { return c[:0] },
		func(_ *Exhibit, c []Custody) []Custody { return append(c, c[1]) },
		func(_ *Exhibit, c []Custody) []Custody { c[0], c[1] = c[1], c[0]; return c },
	} {
		e, c := chain()
		if err := CheckCustody(e, change(&e, c)); fault.KindOf(err) != fault.Corrupt {
			t.Errorf("change %d: %v", i, err)
		}
	}
}

func TestCustodyOfAnErasedExhibit(t *testing.T) {
	e, c := chain()
	c = append(c, Custody{Step: StepErased, At: 1700000000000002, Actor: "SHA256:abc"}.after(&c[1], e))
	e.State, e.SHA256 = Erased, [32]byte{}
	c[0].From, c[1].Note = "", ""
	if err := CheckCustody(e, c); err != nil {
		t.Error(err)
	}
	c[1].Hash[0] ^= 1
	if err := CheckCustody(e, c); fault.KindOf(err) != fault.Corrupt {
		t.Errorf("a broken link: %v", err)
	}
}
