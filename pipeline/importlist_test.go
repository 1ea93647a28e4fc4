package pipeline

import (
	"crypto/sha256"
	"io"
	"os"
	"path/filepath"
	"testing"

	"tutela/casework/hashlists"
	"tutela/fault"
	"tutela/format/hashlist"
	"tutela/vault/audit"
	"tutela/vault/db"
	"tutela/vault/vaulttest"
)

const twoValues = "md5,category\n00000000000000000000000000000001,1\n00000000000000000000000000000002,1\nnot a value,1\n"

func TestImportListSealsTheDocument(t *testing.T) {
	engines(t, func(t *testing.T, s *site) {
		second := vaulttest.AddOfficer(t, s.Vault, "second")
		path := filepath.Join(folder(t, map[string]string{"list.csv": twoValues}), "list.csv")
		o := ListOrder{Path: path, Source: "Example Unit", Version: "7", Purpose: hashlists.CSAM, Terms: "exercise only", Why: "test"}
		l, findings, err := ImportList(t.Context(), s.Vault, o)
		if err != nil {
			t.Fatal(err)
		}
		if l.Entries != 2 || l.Refused != 1 || l.State != hashlists.Active || l.Document != sha256.Sum256([]byte(twoValues)) || l.Terms != o.Terms {
			t.Errorf("imported %+v", l)
		}
		if len(findings) == 0 {
			t.Error("the value that is none was not told")
		}
		if err := os.Remove(path); err != nil { // the sealed document is enough
			t.Fatal(err)
		}
		for _, v := range []*site{s, {Vault: vaulttest.Reopen(t, s.at, second)}} {
			c, err := openDocument(t.Context(), v.Vault, l.ID, l.Document)
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(io.NewSectionReader(c, 0, c.Size()))
			c.Close()
			if err != nil || string(text) != twoValues {
				t.Errorf("the document reads %q, %v", text, err)
			}
			if err := refill(t, v, l.List); err != nil {
				t.Errorf("refill: %v", err)
			}
		}
		if len(documentObjects(t, s)) != 1 {
			t.Errorf("objects: %v", documentObjects(t, s))
		}
	})
}

// refill reads the entries from the sealed document again.
func refill(t *testing.T, s *site, l hashlists.List) error {
	c, err := openDocument(t.Context(), s.Vault, l.ID, l.Document)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = s.Desk.Do(t.Context(), audit.Act{Class: audit.Alteration, Verb: "test.refill", Why: "test"}, func(w *db.Writer) error {
		return hashlists.Refill(t.Context(), w, l, io.NewSectionReader(c, 0, c.Size()))
	})
	return err
}

// documentObjects lists the objects in the store.
func documentObjects(t *testing.T, s *site) (out []string) {
	for i, err := range s.Backend.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, i.Name)
	}
	return out
}

func TestImportListRefusesWhole(t *testing.T) {
	engines(t, func(t *testing.T, s *site) {
		dir := folder(t, map[string]string{"good.csv": twoValues, "other.txt": "once upon a time\nthere was no list\n",
			"cut.json": `{"value":[{"Media":[{"MD5":"00000000000000000000000000000003"},`})
		good := ListOrder{Path: filepath.Join(dir, "good.csv"), Source: "Example Unit", Version: "1", Purpose: hashlists.Test, Why: "test"}
		for name, change := range map[string]func(*ListOrder){
			"no reason":  func(o *ListOrder) { o.Why = "" },
			"no source":  func(o *ListOrder) { o.Source = " " },
			"no version": func(o *ListOrder) { o.Version = "" },
			"no purpose": func(o *ListOrder) { o.Purpose = "anything" },
			"no file":    func(o *ListOrder) { o.Path = filepath.Join(dir, "absent.csv") },
			"no list":    func(o *ListOrder) { o.Path = filepath.Join(dir, "other.txt") },
			"cut short":  func(o *ListOrder) { o.Path, o.Format = filepath.Join(dir, "cut.json"), hashlist.VICS },
		} {
			o := good
			change(&o)
			if _, _, err := ImportList(t.Context(), s.Vault, o); err == nil {
				t.Errorf("%s: imported", name)
			}
		}
		all, err := hashlists.All(t.Context(), s.look(t))
		if err != nil || len(all) != 0 {
			t.Errorf("lists %v, %v", all, err)
		}
		if left := documentObjects(t, s); len(left) != 0 {
			t.Errorf("content left behind: %v", left)
		}
		s.importList(t, good.Path, "1")
		if _, _, err := ImportList(t.Context(), s.Vault, good); fault.KindOf(err) != fault.Invalid {
			t.Errorf("the same list again: %v", err)
		}
		if left := documentObjects(t, s); len(left) != 1 {
			t.Errorf("%d objects for one list", len(left))
		}
	})
}
