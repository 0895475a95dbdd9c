package aws

import "strings"

// databasePorts are the ports of RDS and Aurora where a template names none, by the beginning of the engine's name.
// See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-rds-dbinstance.html (Port).
var databasePorts = []struct {
	engine string
	port   uint16
}{
	{"aurora-postgresql", 5432}, {"aurora", 3306}, {"mysql", 3306}, {"mariadb", 3306}, {"postgres", 5432},
	{"oracle", 1521}, {"custom-oracle", 1521}, {"sqlserver", 1433}, {"custom-sqlserver", 1433}, {"db2", 50000},
}

// DatabasePort is the port of a database engine where a template names none, whatever the case of its name; 0 for an engine that
// is not known.
func DatabasePort(engine string) uint16 {
	for _, e := range databasePorts {
		if strings.HasPrefix(strings.ToLower(engine), e.engine) {
			return e.port
		}
	}
	return 0
}
