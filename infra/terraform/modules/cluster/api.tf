# The entry point: an HTTP API whose routes are those of the OpenAPI document. An operation is
# served by the function that its x-mcos-function names, or else its operationId.

locals {
  operations = merge([
    for path, item in var.openapi.paths : {
      for method, operation in item : "${upper(method)} ${path}" => {
        path     = path
        method   = upper(method)
        function = try(operation["x-mcos-function"], operation.operationId)
        open     = try(length(operation.security) == 0, false) # "security: []": needs no token
      } if contains(["get", "head", "put", "post", "patch", "delete", "options"], method)
    }
  ]...)

  # An object's name may contain slashes, which OpenAPI cannot express for a path parameter.
  routes = { for operation in values(local.operations) : "${operation.method} ${replace(operation.path, "{object}", "{object+}")}" => operation }

  # For no_route, to tell 404 from 405.
  methods = { for path in distinct(values(local.operations)[*].path) : path => sort([for operation in values(local.operations) : operation.method if operation.path == path]) }

  api_functions = toset(concat(values(local.operations)[*].function, ["no_route"]))
  # The functions that verify tokens.
  token_functions = toset(concat([for operation in values(local.operations) : operation.function if !operation.open], ["authorizer"]))
  login_routes    = [for route, operation in local.routes : route if contains(["/v1/login", "/v1/password"], operation.path)]
}

resource "aws_apigatewayv2_api" "this" {
  name          = local.name
  description   = "Entry point of cluster ${local.cluster}."
  protocol_type = "HTTP"
}

# Of the routes of earlier releases, until they have been changed; and Terraform removes what is left
# out before it changes what has named it. Functions verify tokens themselves, and answer 401.
resource "aws_apigatewayv2_authorizer" "token" {
  api_id                            = aws_apigatewayv2_api.this.id
  name                              = "token"
  authorizer_type                   = "REQUEST"
  authorizer_uri                    = aws_lambda_alias.live["authorizer"].invoke_arn
  authorizer_payload_format_version = "2.0"
  authorizer_result_ttl_in_seconds  = 0
  enable_simple_responses           = true

  lifecycle {
    ignore_changes = [jwt_configuration] # emulators report an empty one, of which it has none
  }

  depends_on = [aws_lambda_permission.live]
}

resource "aws_apigatewayv2_integration" "function" {
  for_each = local.api_functions

  api_id                 = aws_apigatewayv2_api.this.id
  integration_type       = "AWS_PROXY"
  integration_uri        = aws_lambda_alias.live[each.key].invoke_arn
  payload_format_version = "2.0"
  timeout_milliseconds   = 30000

  depends_on = [aws_lambda_permission.live]
}

resource "aws_apigatewayv2_route" "operation" {
  for_each = local.routes

  api_id    = aws_apigatewayv2_api.this.id
  route_key = each.key
  target    = "integrations/${aws_apigatewayv2_integration.function[each.value.function].id}"
}

resource "aws_apigatewayv2_route" "default" {
  api_id    = aws_apigatewayv2_api.this.id
  route_key = "$default"
  target    = "integrations/${aws_apigatewayv2_integration.function["no_route"].id}"
}

resource "aws_lambda_permission" "live" {
  for_each = setunion(local.api_functions, ["authorizer"])

  statement_id  = "live" # emulators keep one policy for a function and its aliases
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_alias.live[each.key].function_name
  qualifier     = aws_lambda_alias.live[each.key].name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.this.execution_arn}/${each.key == "authorizer" ? "authorizers/" : ""}*"
}

# The APIs of release 0.1.0 call the functions themselves, until they have been changed.
resource "aws_lambda_permission" "api" {
  for_each = local.api_functions

  statement_id  = "api"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this[each.key].function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.this.execution_arn}/*"
}

resource "aws_lambda_permission" "authorizer" {
  statement_id  = "api"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this["authorizer"].function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.this.execution_arn}/authorizers/${aws_apigatewayv2_authorizer.token.id}"
}

resource "aws_cloudwatch_log_group" "api" {
  name              = "/aws/vendedlogs/http-apis/${local.name}"
  retention_in_days = var.log_retention_days
}

resource "aws_apigatewayv2_stage" "default" {
  api_id      = aws_apigatewayv2_api.this.id
  name        = "$default"
  auto_deploy = true

  default_route_settings {
    throttling_rate_limit  = var.throttling.rate
    throttling_burst_limit = var.throttling.burst
  }

  # This limits the cost of checking passwords. Who guesses them waits long before: mcos.model.attempts.
  dynamic "route_settings" {
    for_each = local.login_routes

    content {
      route_key              = route_settings.value
      throttling_rate_limit  = var.throttling.login_rate
      throttling_burst_limit = var.throttling.login_burst
    }
  }

  # The route, not the path: names of objects are private.
  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.api.arn
    format = jsonencode({
      requestId        = "$context.requestId"
      time             = "$context.requestTime"
      sourceIp         = "$context.identity.sourceIp"
      route            = "$context.routeKey"
      status           = "$context.status"
      responseLength   = "$context.responseLength"
      latency          = "$context.responseLatency"
      integrationError = "$context.integrationErrorMessage"
    })
  }

  depends_on = [aws_apigatewayv2_route.operation, aws_apigatewayv2_route.default]
}
