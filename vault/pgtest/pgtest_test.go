package pgtest

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func TestDatabasesAreFreshAndApart(t *testing.T) {
	a, b := URL(t), URL(t)
	if a == b {
		t.Fatal("two calls gave one database")
	}
	if err := command(a, "CREATE TABLE x (y BIGINT)"); err != nil {
		t.Fatal(err)
	}
	if err := command(b, "SELECT * FROM x"); err == nil {
		t.Error("the second database has the table of the first")
	}
	conn, err := pgx.Connect(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var encoding, listen string
	if err := conn.QueryRow(t.Context(), "SELECT current_setting('server_encoding'), current_setting('listen_addresses')").Scan(&encoding, &listen); err != nil {
		t.Fatal(err)
	}
	if encoding != "UTF8" {
		t.Errorf("encoding %s", encoding)
	}
	if os.Getenv(EnvServer) == "" && listen != "" {
		t.Errorf("the server listens on %q", listen)
	}
}

func TestDatabaseIsDropped(t *testing.T) {
	var address string
	t.Run("inner", func(t *testing.T) { address = URL(t) })
	if address == "" {
		t.Skip("no server")
	}
	if err := command(address, "SELECT 1"); err == nil {
		t.Error("the database outlives its test")
	}
}

const envChild = "TUTELA_PGTEST_CHILD"

// TestServerEndsWithTheProcess runs this test in a child that is killed while
// its server runs, and looks for the server afterwards.
func TestServerEndsWithTheProcess(t *testing.T) {
	if os.Getenv(envChild) != "" {
		address := URL(t)
		os.Stdout.WriteString("address " + address + "\n")
		time.Sleep(time.Minute)
		return
	}
	if testing.Short() || os.Getenv(EnvServer) != "" {
		t.Skip("starts a second server")
	}
	if _, err := program("initdb"); err != nil {
		t.Skip(err)
	}
	child := exec.Command(os.Args[0], "-test.run=^TestServerEndsWithTheProcess$")
	child.Env = append(os.Environ(), envChild+"=1")
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	buf := make([]byte, 1024)
	for !strings.Contains(text.String(), "\n") {
		n, err := out.Read(buf)
		text.Write(buf[:n])
		if err != nil {
			t.Fatalf("the child ended early: %s", text.String())
		}
	}
	_, address, _ := strings.Cut(strings.TrimSpace(text.String()), "address ")
	if err := command(address, "SELECT 1"); err != nil {
		t.Fatalf("the server of the child does not run: %v", err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	child.Wait()
	_, dir, _ := strings.Cut(address, "host=")
	dir = strings.ReplaceAll(dir, "%2F", "/")
	for range 200 {
		if _, err := os.Stat(dir); os.IsNotExist(err) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("ten seconds after the kill the folder of the server is still there: %s", dir)
}
