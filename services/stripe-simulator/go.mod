module github.com/datasync-dev/datasync/services/stripe-simulator

go 1.26.0

require (
	github.com/datasync-dev/datasync/pkg v0.0.0
	github.com/stretchr/testify v1.12.1
	github.com/stripe/stripe-go/v76 v76.25.0
)

require (
	github.com/caarlos0/env/v11 v11.4.2 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
)

replace github.com/datasync-dev/datasync/pkg => ../../pkg
