module github.com/datasync-dev/datasync/services/console

go 1.26.0

require (
	github.com/datasync-dev/datasync/pkg v0.0.0
	github.com/google/uuid v1.6.0
	golang.org/x/crypto v0.58.0
)

require github.com/caarlos0/env/v11 v11.4.2 // indirect

replace github.com/datasync-dev/datasync/pkg => ../../pkg
