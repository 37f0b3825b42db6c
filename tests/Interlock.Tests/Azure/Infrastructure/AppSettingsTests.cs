using System.Reflection;
using Interlock.Functions.Hosting;

namespace Interlock.Tests.Azure.Infrastructure;

/// <summary>The settings that the infrastructure gives the app, against those that the app reads.</summary>
public sealed class AppSettingsTests
{
    /// <summary>What the Functions host, Application Insights and platform authentication read.</summary>
    private static readonly string[] _platform =
    [
        "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
        "APPLICATIONINSIGHTS_CONNECTION_STRING",
        "AzureWebJobsDisableHomepage",
        "AzureWebJobsStorage__blobServiceUri",
        "AzureWebJobsStorage__clientId",
        "AzureWebJobsStorage__credential",
        "AzureWebJobsStorage__queueServiceUri",
        "AzureWebJobsStorage__tableServiceUri",
        "OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID",
        "WEBSITE_AUTH_AAD_ALLOWED_TENANTS",
    ];

    private static readonly string[] _given =
        BicepFile.PropertiesOf(BicepFile.Named("app.bicep").Resources.Single(resource => resource.Name == "settings").Object("properties"));

    [Fact]
    public void Settings_Given_AreThoseReadAndThePlatforms() => Assert.Equal(Read().Concat(_platform).Order(StringComparer.Ordinal), _given.Order(StringComparer.Ordinal));

    [Fact]
    public void Settings_ForDevelopment_AreNotGiven() =>
        Assert.DoesNotContain(_given, name => name.Contains("Development", StringComparison.OrdinalIgnoreCase) || name == "AzureWebJobsStorage");

    [Fact]
    public void MacKey_Value_IsAReferenceToKeyVault()
    {
        var settings = BicepFile.Named("app.bicep").Text;

        Assert.Contains($"{SettingNames.MacKey}: '@Microsoft.KeyVault(SecretUri=${{macKeyUri}})'", settings, StringComparison.Ordinal);
        Assert.Contains("keyVaultReferenceIdentity: identityId", settings, StringComparison.Ordinal);
    }

    [Fact]
    public void NoticeChannels_Value_IsAReferenceToKeyVaultOrNothing() => Assert.Contains(
        $"{SettingNames.NoticeChannels}: empty(noticeChannelsUri) ? '' : '@Microsoft.KeyVault(SecretUri=${{noticeChannelsUri}})'", BicepFile.Named("app.bicep").Text, StringComparison.Ordinal);

    private static string[] Read() =>
    [
        .. typeof(SettingNames).GetFields(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static)
            .Where(field => field.IsLiteral && !field.Name.StartsWith("Development", StringComparison.Ordinal))
            .Select(field => (string)field.GetRawConstantValue()!),
    ];
}
