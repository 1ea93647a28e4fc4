package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Environment variables: the address of a server to use ("none" makes as if there
// were no PostgreSQL here), and whether a missing one fails a test.
const (
	EnvServer  = "TUTELA_TEST_PG"
	EnvRequire = "TUTELA_REQUIRE_SERVERS"
)

// errMissing says that there is no PostgreSQL on this machine.
var errMissing = errors.New("no PostgreSQL here: neither initdb in PATH or /usr/lib/postgresql/*/bin nor " + EnvServer)

// shared is the address of the one server of the process, started by the first
// test that asks.
var shared = sync.OnceValues(func() (string, error) {
	switch address := os.Getenv(EnvServer); address {
	case "":
		return start()
	case "none":
		return "", errMissing
	default:
		return address, nil
	}
})

// URL returns the address of a fresh, empty database in UTF-8, sorted as an
// English dictionary is, so that tests find out who relies on the order of a
// server. The database is dropped at the end of the test.
func URL(t testing.TB) string {
	t.Helper()
	address, err := shared()
	switch {
	case err == nil:
	case errors.Is(err, errMissing) && os.Getenv(EnvRequire) != "1":
		t.Skipf("pgtest: %v", err)
	default:
		t.Fatalf("pgtest: %v", err)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatalf("pgtest: %s is not an address", EnvServer)
	}
	name := "tutela_" + strings.ToLower(rand.Text())
	if err := command(address, "CREATE DATABASE "+name+" TEMPLATE template0 ENCODING 'UTF8'"); err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		if err := command(address, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("pgtest: %v", err)
		}
	})
	u.Path = "/" + name
	return u.String()
}

// command runs one statement on a connection of its own. It takes no context
// of a test, because it also runs when that is over.
func command(address, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, statement)
	return err
}

// program finds a program of the newest PostgreSQL.
func program(name string) (string, error) {
	if p, err := exec.LookPath(name); err == nil {
		return p, nil
	}
	list, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if len(list) == 0 {
		return "", errMissing
	}
	return slices.Max(list), nil
}
