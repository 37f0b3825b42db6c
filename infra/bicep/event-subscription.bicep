// Deployed by the postdeploy hook: Event Grid takes a function as its destination only once the function is there.
param topicName string
param functionAppName string
param deadLetterAccountName string
param deadLetterContainerName string

resource topic 'Microsoft.EventGrid/topics@2025-02-15' existing = {
  name: topicName
}

resource subscription 'Microsoft.EventGrid/topics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: 'interlock'
  properties: {
    eventDeliverySchema: 'CloudEventSchemaV1_0'
    destination: {
      endpointType: 'AzureFunction'
      properties: {
        resourceId: resourceId('Microsoft.Web/sites/functions', functionAppName, 'events')
        maxEventsPerBatch: 1
        preferredBatchSizeInKilobytes: 64
      }
    }
    filter: {
      // What Interlock publishes to this topic is for others.
      advancedFilters: [
        {
          operatorType: 'StringNotBeginsWith'
          key: 'type'
          values: ['io.serverlessworkflow.']
        }
      ]
    }
    retryPolicy: {
      maxDeliveryAttempts: 30
      eventTimeToLiveInMinutes: 1440
    }
    deadLetterWithResourceIdentity: {
      identity: { type: 'SystemAssigned' }
      deadLetterDestination: {
        endpointType: 'StorageBlob'
        properties: {
          resourceId: resourceId('Microsoft.Storage/storageAccounts', deadLetterAccountName)
          blobContainerName: deadLetterContainerName
        }
      }
    }
  }
}
