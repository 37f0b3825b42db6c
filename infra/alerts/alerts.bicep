// Deploys the rules of alerts.json against the Application Insights that a collector sends Interlock's metrics to.
param location string = resourceGroup().location
@description('The resource id of the Application Insights component.')
param applicationInsightsId string
@description('Action groups to be told.')
param actionGroups array = []

resource rules 'Microsoft.Insights/scheduledQueryRules@2021-08-01' = [for rule in loadJsonContent('alerts.json'): {
  name: 'interlock-${rule.name}'
  location: location
  properties: {
    description: rule.description
    severity: rule.severity
    enabled: true
    evaluationFrequency: 'PT5M'
    windowSize: 'PT${rule.minutes}M'
    scopes: [ applicationInsightsId ]
    criteria: {
      allOf: [ { query: rule.query, timeAggregation: 'Count', operator: 'GreaterThan', threshold: 0, failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 } } ]
    }
    actions: { actionGroups: actionGroups }
  }
}]
