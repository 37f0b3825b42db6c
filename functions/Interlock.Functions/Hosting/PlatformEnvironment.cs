namespace Interlock.Functions.Hosting;

/// <summary>
/// Where the process runs, by variables that the platform sets and nobody configures: whether that is Azure, and whether platform authentication
/// (Easy Auth) stands in front of the app, so that its headers are its own.
/// </summary>
internal sealed record PlatformEnvironment(bool IsAzure, bool SignsPeopleIn)
{
    /// <summary>An instance of Flex Consumption has no WEBSITE_INSTANCE_ID, but a pod.</summary>
    private static readonly string[] OfAzure = ["WEBSITE_INSTANCE_ID", "WEBSITE_SITE_NAME", "WEBSITE_POD_NAME", "LEGION_SERVICE_HOST"];

    public static PlatformEnvironment Current => Read(Environment.GetEnvironmentVariable);

    public static PlatformEnvironment Read(Func<string, string?> variable)
    {
        var isAzure = OfAzure.Any(name => !string.IsNullOrEmpty(variable(name)));
        return new(isAzure, isAzure && string.Equals(variable("WEBSITE_AUTH_ENABLED"), "True", StringComparison.OrdinalIgnoreCase));
    }
}
