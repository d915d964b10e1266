.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z\/-]+:.*## /{printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: deps
deps: ## Make PostgreSQL and RabbitMQ available (uses what listens, else Docker, else Debian's packages)
	@bash deployments/local/deps.sh up

.PHONY: deps-down
deps-down: ## Stop what `make deps` started
	@bash deployments/local/deps.sh down
