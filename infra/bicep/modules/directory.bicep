extension microsoftGraphV1

@description('Whose identity reads people and groups: the app\'s, at every decision anew.')
param principalId string

// Microsoft Graph, and its application permission Directory.Read.All
var graphAppId = '00000003-0000-0000-c000-000000000000'
var directoryReadAllId = '7ab1d382-f21e-4acd-a863-ba3e13f7da61'

resource graph 'Microsoft.Graph/servicePrincipals@v1.0' existing = {
  appId: graphAppId
}

resource reader 'Microsoft.Graph/appRoleAssignedTo@v1.0' = {
  appRoleId: directoryReadAllId
  principalId: principalId
  resourceId: graph.id
}
