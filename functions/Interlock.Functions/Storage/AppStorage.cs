using Azure.Core;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Interlock.Core.Audit;
using Interlock.Core.Storage;
using Interlock.Functions.Hosting;

namespace Interlock.Functions.Storage;

/// <summary>Where the app keeps things: its own account, and the audit's, reached by managed identity; on a developer's machine Azurite holds both.</summary>
internal sealed record AppStorage(ITableStore Tables, ITableStore AuditTables, IBlobStore Blobs, IArchive Exports)
{
    private const string Container = "blobs";
    private const string ExportsContainer = "exports";
    private const string Azurite = "UseDevelopmentStorage=true";

    /// <param name="settings">The settings; what is wrong with them is added there.</param>
    /// <param name="isDevelopment">Whether a developer's folder is used, which was checked to go with storage on this machine only.</param>
    /// <param name="credential">The app's own identity, asked for only where managed identity is used.</param>
    /// <exception cref="SettingsException">Something is missing; it says what to do.</exception>
    public static AppStorage Create(SettingReader settings, bool isDevelopment, Func<TokenCredential> credential)
    {
        if (isDevelopment)
        {
            var connection = settings.Text(SettingNames.DevelopmentStorage) ?? Azurite;
            var tables = new TableStore(new TableServiceClient(connection, TableStore.Options()));
            return new AppStorage(tables, tables, new BlobStore(new BlobContainerClient(connection, Container)), new BlobArchive(new BlobContainerClient(connection, ExportsContainer)));
        }
        var storage = Address(settings, SettingNames.StorageTables, "the table endpoint of the app's storage account");
        var audit = Address(settings, SettingNames.AuditTables, "the table endpoint of the audit's storage account");
        var blobs = Address(settings, SettingNames.StorageBlobs, "the blob endpoint of the app's storage account");
        var exports = Address(settings, SettingNames.AuditBlobs, "the blob endpoint of the audit's storage account");
        if (blobs is not null && blobs == exports) settings.Problem(SettingNames.AuditBlobs, $"is that of {SettingNames.StorageBlobs}: exports go to the audit's account, where nothing is overwritten.");
        if (storage is not null && storage == audit) settings.Problem(SettingNames.AuditTables, $"is that of {SettingNames.StorageTables}: the audit has an account of its own, where rows are added and never changed.");
        settings.ThrowIfAny();
        return new AppStorage(
            new TableStore(new TableServiceClient(storage!, credential(), TableStore.Options())), // whatever is missing was thrown
            new TableStore(new TableServiceClient(audit!, credential(), TableStore.Options())), // as above
            new BlobStore(new BlobContainerClient(new Uri(blobs!, Container), credential())), // as above
            new BlobArchive(new BlobContainerClient(new Uri(exports!, ExportsContainer), credential()))); // as above
    }

    private static Uri? Address(SettingReader settings, string name, string what)
    {
        if (settings.Text(name) is not { } text)
        {
            settings.Problem(name, $"is missing: set it to {what}.");
            return null;
        }
        if (Uri.TryCreate(text, UriKind.Absolute, out var address) && address is { Scheme: "https", AbsolutePath: "/", Query: "" }) return address;
        settings.Problem(name, $"is no https address without a path: set it to {what}.");
        return null;
    }
}
