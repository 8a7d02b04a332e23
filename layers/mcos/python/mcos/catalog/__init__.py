"""The catalog: accounts, containers, objects, uploads, jobs and the cluster registry, in DynamoDB.

Every change of state is one strongly consistent conditional write. Terraform creates the tables
(``infra/terraform``); ``tables`` defines their items.
"""
