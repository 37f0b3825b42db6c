using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Data.Tables;
using Azure.Data.Tables.Models;

namespace Interlock.Tests.Azure.Storage;

/// <summary>
/// The table service's REST interface with a shared key, as far as the app uses it: stands in for the real client against Azurite. The prefix
/// stands before each table's name, so that tests don't meet.
/// </summary>
internal sealed class RestTableService : TestTableService
{
    private readonly Uri _endpoint;
    private readonly string _prefix;
    private readonly HttpPipeline _pipeline;

    public RestTableService(Uri endpoint, string prefix, bool counted = true)
    {
        (_endpoint, _prefix) = (endpoint, prefix);
        var options = Options(counted);
        options.Transport = new FaultyTransport(Faults, HttpClientTransport.Shared);
        _pipeline = HttpPipelineBuilder.Build(options, new SharedKeyLite());
    }

    public override TableClient GetTableClient(string tableName) => new Client(this, _prefix + tableName);

    private async Task<(Response Response, string Body)> SendAsync(RequestMethod method, string pathAndQuery, RequestContent? content, string contentType, CancellationToken cancellationToken)
    {
        var message = _pipeline.CreateMessage(); // its response outlives this method
        message.Request.Method = method;
        message.Request.Uri.Reset(new Uri(_endpoint + pathAndQuery));
        message.Request.Headers.Add("Accept", "application/json;odata=minimalmetadata");
        message.Request.Headers.Add("x-ms-version", "2019-02-02");
        message.Request.Headers.Add("DataServiceVersion", "3.0");
        message.Request.Content = content;
        if (content is not null) message.Request.Headers.Add("Content-Type", contentType);
        await _pipeline.SendAsync(message, cancellationToken);
        var response = message.Response;
        if (response is StubResponse { Error: { } fault }) throw fault.Exception();
        var body = response.ContentStream is null ? "" : response.Content.ToString();
        return response.Status < 400 ? (response, body) : throw (TableWire.ReadError(response.Status, body) with { Index = null }).Exception();
    }

    private sealed class Client(RestTableService service, string table) : TableClient
    {
        public override string Name => table;

        public override async Task<Response<TableItem>> CreateIfNotExistsAsync(CancellationToken cancellationToken = default)
        {
            try
            {
                var content = RequestContent.Create(Encoding.UTF8.GetBytes($$"""{"TableName":"{{table}}"}"""));
                var (response, _) = await service.SendAsync(RequestMethod.Post, "/Tables", content, "application/json;odata=nometadata", cancellationToken);
                return Response.FromValue(new TableItem(table), response);
            }
            catch (RequestFailedException e) when (e.ErrorCode == "TableAlreadyExists")
            {
                return Response.FromValue(new TableItem(table), new StubResponse(409));
            }
        }

        public override AsyncPageable<T> QueryAsync<T>(
            string? filter = null, int? maxPerPage = null, IEnumerable<string>? select = null, CancellationToken cancellationToken = default) => new Pages<T>(async token =>
        {
            var query = new StringBuilder($"/{table}()?$format=application%2Fjson%3Bodata%3Dminimalmetadata");
            if (maxPerPage is { } top) query.Append(CultureInfo.InvariantCulture, $"&$top={top}");
            if (select is not null) query.Append("&$select=").Append(Uri.EscapeDataString(string.Join(',', select)));
            if (filter is not null) query.Append("&$filter=").Append(Uri.EscapeDataString(filter));
            if (token?.Split(' ') is [var partition, var row]) query.Append("&NextPartitionKey=").Append(Uri.EscapeDataString(partition)).Append("&NextRowKey=").Append(Uri.EscapeDataString(row));
            var (response, body) = await service.SendAsync(RequestMethod.Get, query.ToString(), null, "", cancellationToken);
            using var document = JsonDocument.Parse(body);
            var entities = document.RootElement.GetProperty("value").EnumerateArray().Select(json => (T)(object)TableWire.Entity(json)).ToList();
            var next = response.Headers.TryGetValue("x-ms-continuation-NextPartitionKey", out var nextPartition)
                ? $"{nextPartition} {(response.Headers.TryGetValue("x-ms-continuation-NextRowKey", out var nextRow) ? nextRow : "")}" : null;
            return Page<T>.FromValues(entities, next, response);
        });

        public override async Task<Response<IReadOnlyList<Response>>> SubmitTransactionAsync(
            IEnumerable<TableTransactionAction> transactionActions, CancellationToken cancellationToken = default)
        {
            var content = RequestContent.Create(TableWire.Batch(service._endpoint, table, [.. transactionActions]));
            var (response, body) = await service.SendAsync(RequestMethod.Post, "/$batch", content, $"multipart/mixed; boundary={TableWire.Boundary}", cancellationToken);
            var (parts, error) = TableWire.ReadBatch(body);
            if (error is not null) throw error.Exception();
            return Response.FromValue<IReadOnlyList<Response>>(parts, response);
        }
    }

    /// <summary>Source: Authorize with Shared Key, Shared Key Lite for Table service.</summary>
    private sealed class SharedKeyLite : HttpPipelineSynchronousPolicy
    {
        public override void OnSendingRequest(HttpMessage message)
        {
            var date = DateTimeOffset.UtcNow.ToString("R", CultureInfo.InvariantCulture);
            var signed = $"{date}\n/{Azurite.Account}{message.Request.Uri.ToUri().AbsolutePath}";
            var signature = Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(Azurite.Key), Encoding.UTF8.GetBytes(signed)));
            message.Request.Headers.SetValue("x-ms-date", date);
            message.Request.Headers.SetValue("Authorization", $"SharedKeyLite {Azurite.Account}:{signature}");
        }
    }
}
