param name string
param location string
param tags object
param targetId string
param subnetId string

@description('The target\'s sub-resources, an endpoint each: blob, queue, table, vault.')
param groups array

@description('The private DNS zone of each group.')
param zoneIds object

resource endpoints 'Microsoft.Network/privateEndpoints@2024-05-01' = [for member in groups: {
  name: '${name}-${member}'
  location: location
  tags: tags
  properties: {
    subnet: { id: subnetId }
    privateLinkServiceConnections: [
      {
        name: member
        properties: {
          privateLinkServiceId: targetId
          groupIds: [member]
        }
      }
    ]
  }
}]

resource zoneGroups 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-05-01' = [for (member, index) in groups: {
  parent: endpoints[index]
  name: 'default'
  properties: {
    privateDnsZoneConfigs: [
      {
        name: member
        properties: { privateDnsZoneId: zoneIds[member] }
      }
    ]
  }
}]
