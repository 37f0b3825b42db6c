# After provisioning: makes the key of MACs in Key Vault when there is none. It is never printed, and an existing one is never touched:
# open gates, votes and grants carry MACs under it.
$ErrorActionPreference = 'Stop'
$vault = $env:AZURE_KEY_VAULT_NAME
$group = $env:AZURE_RESOURCE_GROUP
$app = $env:AZURE_FUNCTION_APP_NAME
if (-not ($vault -and $group -and $app)) { throw 'Provision first.' }

# Role assignments take some minutes to be known everywhere.
for ($attempt = 1; ; $attempt++) {
    $found = az keyvault secret list --vault-name $vault --query "[?name=='mac-key'].name" --output tsv --only-show-errors
    if ($LASTEXITCODE -eq 0) { break }
    if ($attempt -ge 20) { throw "Key Vault $vault does not answer: is this address allowed (INTERLOCK_ALLOWED_IP_RANGES), are you signed in with az login?" }
    Start-Sleep -Seconds 15
}

if ($found) {
    Write-Host 'mac-key is there.'
}
else {
    $bytes = [byte[]]::new(32)
    [System.Security.Cryptography.RandomNumberGenerator]::Fill($bytes)
    $file = [System.IO.Path]::GetTempFileName()
    try {
        [System.IO.File]::WriteAllText($file, [Convert]::ToBase64String($bytes))
        az keyvault secret set --vault-name $vault --name mac-key --file $file --encoding utf-8 --output none --only-show-errors
        if ($LASTEXITCODE -ne 0) { throw 'mac-key could not be set.' }
    }
    finally {
        Remove-Item $file
    }
    Write-Host 'mac-key made.'
}

# References are resolved at most once a day unless asked for.
$id = az functionapp show --resource-group $group --name $app --query id --output tsv --only-show-errors
az rest --method post --uri "$id/config/configreferences/appsettings/refresh?api-version=2022-03-01" --output none --only-show-errors
if ($LASTEXITCODE -ne 0) { Write-Warning 'The app has not been told to read mac-key again; it does so when its settings change, or within a day.' }
exit 0
