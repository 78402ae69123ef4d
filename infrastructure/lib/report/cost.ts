// What the stacks cost in a month: counts from the templates, prices and use from configuration.
import prices from '../../config/prices.json';
import { list, text, type Assembly, type Resource } from './assembly.js';

export interface Item {
  readonly what: string;
  readonly count: string;
  readonly usd: number;
  /** The brief's figure has a line for it. */
  readonly inBrief: boolean;
  readonly why: string;
}

/** How much of it is used. */
export interface Use {
  readonly tenants: number;
  readonly filesPerDay: number;
  readonly megabytesPerFile: number;
  readonly monthsKept: number;
  readonly apiTasks: number;
  readonly workerTasks: number;
  readonly databaseClass: string;
}

export const useAt150: Use = {
  tenants: 150,
  filesPerDay: 5000,
  megabytesPerFile: 3,
  monthsKept: 12,
  apiTasks: 2,
  workerTasks: 5,
  databaseClass: 'db.r6g.large',
};
export const useAt450: Use = {
  tenants: 450,
  filesPerDay: 15000,
  megabytesPerFile: 3,
  monthsKept: 12,
  apiTasks: 3,
  workerTasks: 8,
  databaseClass: 'db.r6g.xlarge',
};

const hours = prices.hours_per_month;
export interface Price {
  readonly usd: number;
  readonly per: string;
  /** AWS's own page of it. */
  readonly list: string;
  /** What it was compared with, and the day for which that speaks. */
  readonly source: string;
  readonly as_of: string;
}
export const priceTable: Record<string, Price> = prices.prices;
/** Names of prices that an item has used. */
export const usedPrices = new Set<string>();

const price = (name: string): number => {
  const found = priceTable[name];
  if (found === undefined) throw new Error(`no price for ${name}`);
  usedPrices.add(name);
  return found.usd;
};
export const total = (items: readonly Item[]): number =>
  items.reduce((sum, item) => sum + item.usd, 0);

export class CostModel {
  constructor(private readonly assembly: Assembly) {}

  private of(type: string, stack: string): Resource[] {
    return this.assembly.ofType(type).filter((r) => r.stack.startsWith(stack));
  }

  private service(stack: string, name: string): { vcpu: number; gb: number; desired: number } {
    const service = this.of('AWS::ECS::Service', stack).find(
      (r) => r.properties.ServiceName === name,
    );
    const task = service && this.assembly.target(service.properties.TaskDefinition, service.stack);
    return {
      vcpu: Number(task?.properties.Cpu) / 1024,
      gb: Number(task?.properties.Memory) / 1024,
      desired: Number(service?.properties.DesiredCount),
    };
  }

  private tasks(stack: string, name: string, count?: number): Item {
    const { vcpu, gb, desired } = this.service(stack, name);
    const n = count ?? desired;
    const each = vcpu * price('fargate_vcpu_hour') + gb * price('fargate_gb_hour');
    return item(`Fargate: ${name}`, `${n} x ${vcpu} vCPU, ${gb} GB`, n * each * hours, true);
  }

  uploads(use: Use): Item[] {
    const files = use.filesPerDay * 30;
    const gb = (files * use.megabytesPerFile) / 1000;
    return [
      this.tasks('UploadsService', 'api', use.apiTasks),
      this.tasks('UploadsService', 'worker', use.workerTasks),
      ...this.uploadStores(use, gb),
      ...this.uploadFiles(use, files, gb),
      ...this.uploadNetwork(files, gb),
      ...this.uploadWatching(use, files),
    ];
  }

  private uploadStores(use: Use, gb: number): Item[] {
    const instances = this.of('AWS::RDS::DBInstance', 'UploadsData').length;
    const [cache] = this.of('AWS::ElastiCache::ReplicationGroup', 'UploadsData');
    const nodes = Number(cache?.properties.NumCacheClusters);
    const node = text(cache?.properties.CacheNodeType);
    const storage = 50 + gb / 20;
    return [
      item(
        'Aurora PostgreSQL',
        `${instances} x ${use.databaseClass}`,
        instances * price(`aurora_${use.databaseClass}_hour`) * hours,
        true,
      ),
      item(
        'Aurora storage and I/O',
        `${Math.round(storage)} GB, ${Math.round(use.filesPerDay / 50)} million`,
        storage * price('aurora_storage_gb') + (use.filesPerDay / 50) * price('aurora_million_io'),
        true,
      ),
      item('Redis', `${nodes} x ${node}`, nodes * price(`cache_${node}_hour`) * hours, true),
    ];
  }

  private uploadFiles(use: Use, files: number, gb: number): Item[] {
    const kept = gb * use.monthsKept * 1.05;
    return [
      item('S3 storage', `${Math.round(kept)} GB`, kept * price('s3_gb'), true),
      item(
        'S3 requests',
        `${files * 4} puts`,
        ((files * 4) / 1000) * price('s3_thousand_puts'),
        true,
      ),
      item('Transfer Acceleration', `${Math.round(gb)} GB`, gb * price('s3_accelerated_gb'), true),
      item('Downloads', `${Math.round(gb)} GB`, gb * price('internet_out_gb'), true),
      item(
        'SQS',
        `${files * 6} requests`,
        ((files * 6) / 1e6) * this.queuePrice('UploadsStorage'),
        true,
      ),
    ];
  }

  private queuePrice(stack: string): number {
    const fifo = this.of('AWS::SQS::Queue', stack).some((r) => r.properties.FifoQueue === true);
    return price(fifo ? 'million_fifo_requests' : 'million_queue_requests');
  }

  private balancer(stack: string): Item {
    const [found] = this.of('AWS::ElasticLoadBalancingV2::LoadBalancer', stack);
    const addresses = list(found?.properties.Subnets).length;
    return item(
      'Load balancer',
      `1, 1 LCU, ${addresses} addresses`,
      (price('balancer_hour') +
        price('balancer_lcu_hour') +
        addresses * price('public_ipv4_hour')) *
        hours,
      true,
    );
  }

  /** Ordered tasks, `perDay` of them, each sent, received and deleted, with one effect. */
  tasksOf(perDay: number): Item[] {
    const millions = (perDay * 30) / 1e6;
    const calls = 2 * millions;
    const [effects] = this.of('AWS::DynamoDB::GlobalTable', 'TaskManagementShared');
    const replicas = list(effects?.properties.Replicas).length;
    const watching = 'TaskManagement';
    const alarms = this.of('AWS::CloudWatch::Alarm', watching).length;
    const dashboards = this.of('AWS::CloudWatch::Dashboard', watching).length;
    return [
      item('API requests', millionsOf(millions), millions * price('million_api_requests'), true),
      item(
        'SQS FIFO',
        millionsOf(3 * millions),
        3 * millions * this.queuePrice('TaskManagementShared'),
        true,
      ),
      item(
        'Functions',
        `${millionsOf(calls)} of 100 ms, 256 MB`,
        calls * price('function_million_calls') +
          calls * 1e6 * 0.1 * 0.25 * price('function_gb_second'),
        true,
      ),
      item(
        'Effects',
        `${millionsOf(millions)}, ${replicas} regions`,
        millions * replicas * price('million_table_writes'),
        true,
      ),
      item(
        'Alarms, dashboards',
        `${alarms}, ${dashboards}`,
        alarms * price('alarm') + dashboards * price('dashboard'),
        false,
        'of both regions, one of which only waits',
      ),
    ];
  }

  private uploadNetwork(files: number, gb: number): Item[] {
    const nats = this.of('AWS::EC2::NatGateway', 'UploadsNetwork').length;
    const [acl] = this.of('AWS::WAFv2::WebACL', 'UploadsEdge');
    const rules = list(acl?.properties.Rules).length;
    const requests = files * 10;
    return [
      this.balancer('UploadsService'),
      item(
        'CloudFront',
        `${requests} requests, ${Math.round(requests / 1e5)} GB`,
        (requests / 1e4) * price('edge_ten_thousand_requests') +
          (requests / 1e5) * price('edge_gb'),
        true,
      ),
      item(
        'Web ACL',
        `${rules} rules`,
        price('waf_acl') +
          rules * price('waf_rule') +
          (requests / 1e6) * price('waf_million_requests'),
        true,
      ),
      item(
        'NAT gateways',
        `${nats}, one per zone, ${Math.round(gb / 20)} GB`,
        nats * (price('nat_hour') + price('public_ipv4_hour')) * hours +
          (gb / 20) * price('nat_gb'),
        false,
        'the brief has none: webhooks and AWS APIs leave from private subnets, in each zone by itself',
      ),
    ];
  }

  private uploadWatching(use: Use, files: number): Item[] {
    const alarms = this.of('AWS::CloudWatch::Alarm', 'Uploads').length;
    const filters = this.of('AWS::Logs::MetricFilter', 'Uploads').length;
    const dashboards = this.of('AWS::CloudWatch::Dashboard', 'Uploads').length;
    const logGb = files / 5000;
    const secrets = this.of('AWS::SecretsManager::Secret', 'Uploads').length;
    const keys = this.of('AWS::KMS::Key', 'Uploads').length;
    return [
      item(
        'Logs, alarms, dashboards',
        `${Math.round(logGb)} GB, ${alarms}, ${dashboards}`,
        logGb * price('log_gb') + alarms * price('alarm') + dashboards * price('dashboard'),
        true,
      ),
      item(
        'Keys and secrets',
        `${keys}, ${secrets}`,
        keys * price('kms_key') + secrets * price('secret'),
        true,
      ),
      item(
        'Metrics by tenant',
        `${filters} x ${use.tenants}`,
        filters * use.tenants * price('metric'),
        false,
        'a dashboard of every tenant by itself: metrics are paid one by one',
      ),
    ];
  }

  /** One region of the three tiers. */
  shop(site: 'a' | 'b'): Item[] {
    const at = (name: string): string => `${name}-${this.assembly.environment}-${site}`;
    const network = at('ShopNetwork');
    const endpoints = this.of('AWS::EC2::VPCEndpoint', network).filter(
      (r) => r.properties.VpcEndpointType === 'Interface',
    );
    const interfaces = endpoints.reduce((sum, r) => sum + list(r.properties.SubnetIds).length, 0);
    const firewalls =
      this.of('AWS::NetworkFirewall::Firewall', network).length +
      this.of('AWS::NetworkFirewall::VpcEndpointAssociation', network).length;
    const nats = this.of('AWS::EC2::NatGateway', network).length;
    const instances = this.of('AWS::RDS::DBInstance', at('ShopData'));
    const kind = text(instances[0]?.properties.DBInstanceClass);
    return [
      this.tasks(at('ShopFrontend'), 'home'),
      this.tasks(at('ShopFrontend'), 'checkout'),
      item(
        'Aurora PostgreSQL',
        `${instances.length} x ${kind}`,
        instances.length * price(`aurora_${kind}_hour`) * hours,
        true,
      ),
      item(
        'Network firewall',
        `${firewalls} endpoints`,
        firewalls * price('firewall_endpoint_hour') * hours,
        false,
        'traffic between applications and to the internet is inspected in each zone',
      ),
      item(
        'Interface endpoints',
        `${interfaces}`,
        interfaces * price('interface_endpoint_hour') * hours,
        false,
        'private APIs, images and logs without a way to the internet',
      ),
      item(
        'NAT gateways',
        `${nats}`,
        nats * (price('nat_hour') + price('public_ipv4_hour')) * hours,
        false,
        'payments and shipping call services of others (AWS waives part of it beside a firewall; not counted)',
      ),
      this.balancer(at('ShopFrontend')),
    ];
  }

  /** What exists because there are two regions, beside the second region itself. */
  regions(): Item[] {
    const plans = this.assembly.ofType('AWS::ARCRegionSwitch::Plan').length;
    const replicated = 50;
    return [
      item(
        'Region switch plan',
        `${plans}`,
        plans * price('region_switch_plan'),
        false,
        'the button',
      ),
      item(
        'Replication',
        `${replicated} GB`,
        replicated * (price('between_regions_gb') + price('replication_time_gb')),
        false,
        'metadata, both ways',
      ),
    ];
  }
}

const millionsOf = (count: number): string => `${count.toFixed(1)} million`;

function item(what: string, count: string, usd: number, inBrief: boolean, why = ''): Item {
  return { what, count, usd: Math.round(usd * 100) / 100, inBrief, why };
}
