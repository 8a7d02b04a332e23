"""The catalog: accounts, containers, objects and the cluster registry, in DynamoDB.

Every state change is one strongly consistent conditional write. The tables are made by Terraform
(``infra/terraform``); the models here say what is in them.
"""
