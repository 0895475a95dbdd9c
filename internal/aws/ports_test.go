package aws

import "testing"

func TestDatabasePort(t *testing.T) {
	t.Parallel()
	for engine, want := range map[string]uint16{
		"MySQL": 3306, "mariadb": 3306, "aurora-mysql": 3306, "aurora": 3306, "aurora-postgresql": 5432, "postgres": 5432,
		"oracle-ee": 1521, "custom-oracle-ee": 1521, "sqlserver-web": 1433, "custom-sqlserver-se": 1433, "db2-se": 50000, "neptune": 0, "": 0,
	} {
		if got := DatabasePort(engine); got != want {
			t.Errorf("port of %q is %d, want %d", engine, got, want)
		}
	}
}
