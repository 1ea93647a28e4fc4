package hashlist

import (
	"bytes"
	"os"
	"testing"

	"tutela/fault"
)

// fuzz runs a parser on anything. Whatever comes: no crash, no entry without a
// value that is no withdrawal, no value of another length, and errors with a kind.
func fuzz(f *testing.F, format string, seeds ...string) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r := readText(string(b), Options{Format: format})
		if r.err != nil && fault.KindOf(r.err) == fault.Unknown {
			t.Fatalf("an error without a kind: %v", r.err)
		}
		for _, e := range r.entries {
			if len(e.Values) == 0 && !(e.Removed && e.SourceID != "") {
				t.Fatalf("an entry that says nothing: %+v", e)
			}
			for _, v := range e.Values {
				if len(v.Bytes) != v.Algorithm.Size() {
					t.Fatalf("%s of %d bytes", v.Algorithm, len(v.Bytes))
				}
			}
			if len(e.SourceID) > 3*maxShortText || len(e.Category) > 3*maxShortText || len(e.Details.Note) > 3*maxNote {
				t.Fatal("a text without a bound")
			}
		}
		var out bytes.Buffer
		if _, err := WriteCSV(&out, r.Header(), each(r.entries)); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzCSV(f *testing.F) {
	fuzz(f, CSV, "md5;id;category\n"+md5Text+";\"a\"\"\n\";'=1\n", md5Text+"\n")
}

func FuzzICSE(f *testing.F) {
	fuzz(f, ICSE, "MD5;SHA1;PhotoDNA;Image ID;Is distributed;Victim identified;Offender identified;Series name;Number of submissions;File Available;Media Type;Baseline\n"+
		md5Text+";;;9;y;n;;\"a;b\";1;t;Image;True\n")
}

func FuzzHashdeep(f *testing.F) {
	fuzz(f, Hashdeep, "%%%% HASHDEEP-1.0\n%%%% size,md5,sha256,filename\n## x\n5,"+md5Text+","+sha256Text+",a,b\n")
}

func FuzzNCMEC(f *testing.F) {
	fuzz(f, NCMEC, `<?xml version="1.0"?><queryResult xmlns="`+ncmecSpace+`"><images count="1"><image><member id="4">x</member><id>i</id><fingerprints><md5>`+md5Text+
		`</md5><pdq>0</pdq></fingerprints><feedback><negativeFeedback/></feedback></image><deletedImage><id>j</id></deletedImage></images><paging><next>n</next></paging></queryResult>`)
}

func FuzzStopNCII(f *testing.F) {
	fuzz(f, StopNCII, `{"count":1,"hasMoreRecords":false,"nextPageToken":"x","hashRecords":[{"signalType":"VideoMD5","hashValue":"`+md5Text+`","hashStatus":"Active","caseNumbers":{"a":"b"}}]}`)
}

func FuzzTAT(f *testing.F) {
	fuzz(f, TAT, `{"next":null,"results":[{"id":1,"hash_digest":"`+md5Text+`","algorithm":"MD5","deleted":false},{"id":2,"deleted":true}]}`)
}

func FuzzVICS(f *testing.F) {
	fuzz(f, VICS, `{`+context20+`,"value":[{"MD5":"`+md5Text+`","Category":"x","VictimIdentified":"True","DateUpdated":"/Date(1)/"}]}`)
}

func FuzzSQL(f *testing.F) {
	fuzz(f, NSRLText, "BEGIN;CREATE TABLE FILE (sha256 VARCHAR, PRIMARY KEY (sha256));INSERT INTO FILE VALUES ('"+sha256Text+"');DELETE FROM FILE WHERE sha256='"+sha256Text+"';COMMIT;",
		"UPDATE FILE SET package_id=1 WHERE md5='x';")
}

func FuzzNSRL(f *testing.F) {
	file, err := os.ReadFile("testdata/sqlite3-rds.db")
	if err != nil {
		f.Fatal(err)
	}
	fuzz(f, NSRL, string(file))
}

func FuzzMapping(f *testing.F) {
	f.Add([]byte(`{"columns":{"a":"md5"}}`), []byte("a,b\n"+md5Text+",x\n"))
	f.Fuzz(func(t *testing.T, mapping, list []byte) {
		if m, err := ParseMapping(mapping); err == nil {
			readText(string(list), Options{Format: CSV, Mapping: m})
		}
	})
}
