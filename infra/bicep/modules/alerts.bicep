param name string
param location string
param tags object

@description('Empty: no action group.')
param email string
param applicationInsightsId string
param topicId string
param runtimeAccountId string
param auditAccountId string

resource group 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(email)) {
  name: 'ag-${name}'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'interlock'
    enabled: true
    emailReceivers: [
      {
        name: 'email'
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

var groupIds = empty(email) ? [] : [resourceId('Microsoft.Insights/actionGroups', 'ag-${name}')]
var metricActions = [for id in groupIds: { actionGroupId: id }]

var logRules = [
  {
    key: 'failed-functions'
    severity: 2
    description: 'Functions failed: requests answered with 5xx, activities, orchestrations, timers or events that threw.'
    query: 'requests | where success == false and not(resultCode startswith "4")'
    threshold: 5
  }
  {
    key: 'host-errors'
    severity: 1
    description: 'The Functions host logs errors: it does not start, or a trigger does not listen.'
    query: 'traces | where severityLevel >= 3 and tostring(customDimensions.Category) startswith "Host."'
    threshold: 0
  }
  {
    key: 'stuck-runs'
    severity: 2
    description: 'Reconciliation can\'t move a run on.'
    query: 'traces | where severityLevel >= 3 and message has "could not be reconciled"'
    threshold: 0
  }
  {
    key: 'poison-messages'
    severity: 1
    description: 'A message of the task hub could not be handled again and again. The run it belongs to may stand still.'
    query: 'traces | where severityLevel >= 2 and message has "poison"'
    threshold: 0
  }
]

var metricRules = [
  {
    key: 'dead-letters'
    severity: 1
    description: 'An event reached no run and lies in the dead-letter container.'
    scope: topicId
    namespace: 'Microsoft.EventGrid/topics'
    metric: 'DeadLetteredCount'
    threshold: 0
    dimensions: []
  }
  {
    key: 'dropped-events'
    severity: 1
    description: 'An event was lost: neither delivered nor dead-lettered.'
    scope: topicId
    namespace: 'Microsoft.EventGrid/topics'
    metric: 'DroppedEventCount'
    threshold: 0
    dimensions: []
  }
  {
    key: 'runtime-throttled'
    severity: 2
    description: 'The runtime account is throttled: runs slow down.'
    scope: runtimeAccountId
    namespace: 'Microsoft.Storage/storageAccounts'
    metric: 'Transactions'
    threshold: 100
    dimensions: [
      {
        name: 'ResponseType'
        operator: 'Include'
        values: ['ServerBusyError', 'ClientThrottlingError', 'ClientAccountRequestThrottlingError', 'ClientAccountBandwidthThrottlingError']
      }
    ]
  }
  {
    key: 'audit-throttled'
    severity: 1
    description: 'The audit account is throttled: without its record no call goes out.'
    scope: auditAccountId
    namespace: 'Microsoft.Storage/storageAccounts'
    metric: 'Transactions'
    threshold: 10
    dimensions: [
      {
        name: 'ResponseType'
        operator: 'Include'
        values: ['ServerBusyError', 'ClientThrottlingError', 'ClientAccountRequestThrottlingError', 'ClientAccountBandwidthThrottlingError']
      }
    ]
  }
  {
    key: 'audit-refused'
    severity: 0
    description: 'Somebody without the right to do so tried to read, change or delete the audit.'
    scope: auditAccountId
    namespace: 'Microsoft.Storage/storageAccounts'
    metric: 'Transactions'
    threshold: 0
    dimensions: [
      {
        name: 'ResponseType'
        operator: 'Include'
        values: ['AuthorizationError']
      }
    ]
  }
]

resource logAlerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for rule in logRules: {
  name: '${name}-${rule.key}'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'Interlock: ${rule.key}'
    description: rule.description
    severity: rule.severity
    enabled: true
    scopes: [applicationInsightsId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    autoMitigate: true
    criteria: {
      allOf: [
        {
          query: rule.query
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: rule.threshold
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    actions: { actionGroups: groupIds }
  }
  dependsOn: [group]
}]

resource metricAlerts 'Microsoft.Insights/metricAlerts@2018-03-01' = [for rule in metricRules: {
  name: '${name}-${rule.key}'
  location: 'global'
  tags: tags
  properties: {
    description: rule.description
    severity: rule.severity
    enabled: true
    scopes: [rule.scope]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    autoMitigate: true
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: rule.key
          metricNamespace: rule.namespace
          metricName: rule.metric
          dimensions: rule.dimensions
          operator: 'GreaterThan'
          threshold: rule.threshold
          timeAggregation: 'Total'
        }
      ]
    }
    actions: metricActions
  }
  dependsOn: [group]
}]
