using Azure;

namespace Interlock.Tests.Azure.Storage;

/// <summary>Pages read one after the other, each from the last one's continuation.</summary>
internal sealed class Pages<T>(Func<string?, Task<Page<T>>> read) : AsyncPageable<T> where T : notnull
{
    public override async IAsyncEnumerable<Page<T>> AsPages(string? continuationToken = null, int? pageSizeHint = null)
    {
        var token = continuationToken;
        do
        {
            var page = await read(token);
            token = page.ContinuationToken;
            yield return page;
        }
        while (token is not null);
    }
}
